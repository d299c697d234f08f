/* Other data before a model's tables, which then begin in the first 64 KB of an AVR's flash and end beyond: sast_init's
   status, as a digit. */
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>

#include "a_model.h"

extern const SAST_TABLE uint8_t pictures[OTHER_BYTES / 2], sounds[OTHER_BYTES / 2];
const SAST_TABLE uint8_t pictures[OTHER_BYTES / 2] = {1}, sounds[OTHER_BYTES / 2] = {2};
static a_memory_t memory;
static sast_context_t net;
static volatile uint16_t at;

static void say(char c)
{
    while ((UCSR0A & (1u << UDRE0)) == 0u) {
    }
    UDR0 = (uint8_t)c;
}

int main(void)
{
    const uint8_t used = (uint8_t)(pictures[at] | sounds[at]);

    UCSR0B = 1u << TXEN0;
    say((char)('0' + sast_init(&net, &a_model, &memory, sizeof memory)));
    say(used == 3u ? '\n' : '?');
    cli();
    sleep_enable();
    sleep_cpu();
    return 0;
}
