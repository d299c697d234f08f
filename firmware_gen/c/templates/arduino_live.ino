$banner/* A live sensor on a board: events come in bursts, decisions go out. Two functions are yours: read_sensor and
   on_decision. For 32-bit boards (SAMD, nRF52, RP2040, STM32, ESP32, Renesas), and for an AVR if the network is small. */
#include <${name}_model.h>
#include <sast_stream.h>

const uint32_t REACH_US = ${reach_us}u; // a time further away than this (one window) is a jump: windows begin anew

static ${name}_memory_t memory;
static sast_context_t network;
static sast_stream_t stream;
static sast_stream_event_t events[64];

// --- put your own sensor here -----------------------------------------------------------------------------------
// Writes what the sensor has seen since the last call, at most `room` events, and returns how many. Time stamps are
// those of micros(); use the sensor's own clock where it has one. This one is made up: a point that crosses the view.
static size_t read_sensor(sast_stream_event_t *out, size_t room)
{
    static uint32_t calls = 0;
    size_t i;

    for (i = 0; i < room && i < 8; ++i) {
        out[i].t_us = micros();
        out[i].x = (uint16_t)((calls + i) % ${prefix}_SENSOR_WIDTH);
        out[i].y = (uint16_t)((calls + i) % ${prefix}_SENSOR_HEIGHT);
        out[i].polarity = (uint8_t)(i & 1u);
    }
    ++calls;
    return i;
}

// --- put what you do with an answer here ---------------------------------------------------------------------------
static void on_decision(const sast_decision_t *decision)
{
    Serial.println(${name}_model.class_names[decision->class_index]);
}

static void handle(sast_stream_status_t status)
{
    sast_decision_t decision;

    if (status == SAST_STREAM_DECISION && sast_stream_result(&stream, &decision, NULL) == SAST_STREAM_OK) {
        on_decision(&decision);
    } else if (status == SAST_STREAM_RESTARTED) {
        Serial.println("time jumped, or the network is too slow for this step: windows begin anew");
    }
}

void setup()
{
    Serial.begin(115200);
    if (sast_init(&network, &${name}_model, &memory, sizeof memory) != SAST_OK
        || sast_stream_init(&stream, &network, 1, SAST_WINDOWS_BACK_TO_BACK, REACH_US) != SAST_OK) {
        for (;;) {
            Serial.println("the network does not start");
            delay(1000);
        }
    }
}

void loop()
{
    const size_t count = read_sensor(events, sizeof events / sizeof events[0]);
    size_t done = 0;

    while (done < count) {
        size_t taken = 0;

        handle(sast_stream_push(&stream, &events[done], count - done, &taken));
        done += taken;
    }
    handle(sast_stream_advance(&stream, micros()));
}
