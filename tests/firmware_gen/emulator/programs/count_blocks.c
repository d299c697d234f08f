/* A QEMU plugin that says at the end how often every block of instructions was executed: lines of address (hexadecimal),
   instructions, times. Debian's QEMU 7.2 ships no header: these are the declarations of plugin interface 1 it needs. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS = 0 };
typedef void (*trans_cb)(qemu_plugin_id_t id, struct qemu_plugin_tb *block);
typedef void (*exec_cb)(unsigned int vcpu, void *user);
typedef void (*end_cb)(qemu_plugin_id_t id, void *user);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, trans_cb call);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *block, exec_cb call, enum qemu_plugin_cb_flags flags,
                                          void *user);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, end_cb call, void *user);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *block);
void qemu_plugin_outs(const char *text);

typedef struct block {
    struct block *next;
    uint64_t address;
    size_t instructions;
    uint64_t times;
} block_t;

static block_t *blocks;

int qemu_plugin_version = 1;

static void executed(unsigned int vcpu, void *user)
{
    (void)vcpu;
    ++((block_t *)user)->times;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    block_t *block = calloc(1, sizeof *block);

    (void)id;
    block->next = blocks;
    block->address = qemu_plugin_tb_vaddr(tb);
    block->instructions = qemu_plugin_tb_n_insns(tb);
    blocks = block;
    qemu_plugin_register_vcpu_tb_exec_cb(tb, executed, QEMU_PLUGIN_CB_NO_REGS, block);
}

static void ended(qemu_plugin_id_t id, void *user)
{
    const block_t *block;
    char line[80];

    (void)id;
    (void)user;
    for (block = blocks; block != NULL; block = block->next) {
        snprintf(line, sizeof line, "%" PRIx64 " %zu %" PRIu64 "\n", block->address, block->instructions, block->times);
        qemu_plugin_outs(line);
    }
}

int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
    (void)info;
    (void)argc;
    (void)argv;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, ended, NULL);
    return 0;
}
