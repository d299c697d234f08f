$banner/* The known answers beside the sketch, as C: on an AVR they lie in flash, which C++ has no word for. */
#include <${name}_model.h>

#include <../examples/${name}_known_answers.c> // from the library's src folder
