$banner#include "${name}_model.h"
#include "sast_host.h"

static ${name}_memory_t memory[2];
static int32_t outputs[${prefix}_CLASSES];

int main(void)
{
    const sast_trace_memory_t parts = {&memory[0], &memory[1], sizeof memory[0], outputs};

    return sast_host_run(&${name}_model, &parts);
}
