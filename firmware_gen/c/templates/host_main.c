$banner#include "${name}_model.h"
#include "sast_host.h"

static ${name}_memory_t memory;
static int32_t outputs[${prefix}_CLASSES];

int main(void)
{
    return sast_host_run(&${name}_model, &memory, sizeof memory, outputs);
}
