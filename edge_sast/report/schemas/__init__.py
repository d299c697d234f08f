"""JSON Schemas (draft 2020-12) of what every command writes with --json: tables here, printed by `edge-sast schema`."""
