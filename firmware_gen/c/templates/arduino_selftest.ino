$banner/* Replays the known answers on the board and says whether every step agrees, bit for bit. They take
   $answers_bytes bytes of flash. */
#include <${name}_model.h>
#include <sast_selftest.h>

#include <../examples/${name}_known_answers.h> // from the library's src folder; answers.c holds them

static ${name}_memory_t memory;

void setup()
{
    sast_selftest_report_t report;

    Serial.begin(115200);
    while (!Serial) {
    }
    if (sast_selftest(&${name}_model, &memory, sizeof memory, ${name}_known_answers, sizeof ${name}_known_answers,
                      &report) == SAST_SELFTEST_PASS) {
        Serial.print("selftest: every step agrees, recordings: ");
        Serial.println(report.recordings);
        return;
    }
    Serial.print("selftest: differs: ");
    Serial.println(sast_selftest_name(report.outcome));
    Serial.print("recording ");
    Serial.print(report.recording);
    Serial.print(", step ");
    Serial.print(report.step);
    Serial.print(", index ");
    Serial.println(report.index);
}

void loop()
{
}
