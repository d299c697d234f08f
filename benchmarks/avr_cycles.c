/* The known answers of model a on an AVR with 16 KB of RAM, step by step: timer ticks of 1,024 cycles that the events and the
   step took, and then the bytes of RAM that the stack never reached, told over the UART. Ends asleep, where an emulator stops. */
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>
#include <stdio.h>

#include "a_known_answers.h"
#include "a_model.h"

#define RECORDINGS_AT 44u
#define HEADER_BYTES 60u

static a_memory_t memory;
static sast_context_t net;
static const SAST_TABLE uint8_t *at = a_known_answers;

static int put(char c, FILE *file)
{
    (void)file;
    while ((UCSR0A & (1u << UDRE0)) == 0u) {
    }
    UDR0 = (uint8_t)c;
    return 0;
}

static FILE uart = FDEV_SETUP_STREAM(put, NULL, _FDEV_SETUP_WRITE);

/* Of free RAM, before main: a byte that the stack leaves behind where it does not come. */
#define UNTOUCHED 0xA5u
extern uint8_t _end;

void paint(void) __attribute__((naked, used, section(".init3")));
void paint(void)
{
    uint8_t *byte;

    for (byte = &_end; byte <= (uint8_t *)RAMEND; ++byte) {
        *byte = UNTOUCHED;
    }
}

static uint16_t untouched(void)
{
    const uint8_t *byte = &_end;

    while (*byte == UNTOUCHED) {
        ++byte;
    }
    return (uint16_t)(byte - &_end);
}

static uint16_t get16(void)
{
    const uint16_t value = (uint16_t)(at[0] | (uint16_t)at[1] << 8);

    at += 2;
    return value;
}

static uint16_t step(void)
{
    const uint16_t begin = TCNT1;
    uint16_t events = get16();

    at += 2;
    for (; events > 0u; --events) {
        const uint16_t x = get16();
        const uint16_t y = get16();

        (void)sast_push(&net, x, y, *at++);
    }
    (void)sast_step(&net);
    at += 4;
    return (uint16_t)(TCNT1 - begin);
}

int main(void)
{
    uint16_t recordings;
    uint16_t i;

    UCSR0B = 1u << TXEN0;
    stdout = &uart;
    TCCR1B = 1u << CS12 | 1u << CS10;
    (void)sast_init(&net, &a_model, &memory, sizeof memory);
    at += RECORDINGS_AT;
    recordings = get16();
    at = a_known_answers + HEADER_BYTES;
    for (; recordings > 0u; --recordings) {
        (void)sast_reset(&net);
        for (i = 0; i < A_MODEL_STEPS; ++i) {
            printf("%u\n", step());
        }
        at += 16u * a_model.weighted_count + 4u * A_MODEL_CLASSES + 4u;
    }
    printf("free%u\nend\n", untouched());
    cli();
    sleep_enable();
    sleep_cpu();
    return 0;
}
