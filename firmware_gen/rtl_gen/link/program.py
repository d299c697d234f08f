"""The program of rtl/sast_link.v for one model: the board's side of docs/protocol.md, which says what it must do.

One request is held at a time, in the frame page, and its answer is made in its place: the header stays. P walks over
the frame, Q over the rest, FP is where the answer goes on, END is the end of the request's payload or the answer's.
"""

from __future__ import annotations

from firmware_gen.rtl_gen.link.layout import Layout
from firmware_gen.rtl_gen.link.machine import assemble

# A block of COBS stands for a 0x00 behind it, except the last one: here it does too, so FP is one too far at the end.
# A block without such a 0x00 has 254 bytes, more than a frame.
RECEIVE = """
        set FAILED 2            ; NO_RUN
frame:  set LEFT 0
        set FP FRAME
byte:   in
        jz end
        put BYTE
        ld LEFT
        jnz inner
        ld BYTE                 ; a block begins
        put LEFT
        jmp count
inner:  ld BYTE
        stf FP+
count:  dec LEFT
        jnz room
        stf FP+
room:   ld FP
        subi LIMIT
        jnc byte
skip:   in                      ; too long
        jnz skip
        jmp frame
end:    ld LEFT
        jnz frame
        ld FP
        subi 5
        put END
        subi FRAME+7
        jnc frame
        call crc
check:  ldf P+
        same
        jnz frame
        ld P
        sub END
        subi 4
        jnz check
"""

# The run's token and the model's hash lie in page 0 where a BEGIN has them in page 1, but for the step that P makes.
DISPATCH = """
        ldi 2                   ; NO_RUN
        put STATUS
        set P TOKEN
same:   ldd P+
        subf P
        jnz known
        ld P
        subi TOKEN+4
        jnz same
        ld FAILED
        put STATUS
known:  set FP FRAME+7
        set P FRAME
        ldf P
        addi 128
        stf P
        subi 129
        jz hello
        subi 1
        jz begin
        subi 1
        jz load
        subi 1
        jz poll
        subi 1
        jnz frame
read:   ld STATUS
        jnz brief
        ld END
        subi FRAME+11
        jnz refuse
        set P FRAME+7
offset: ldf P+
        jnz refuse              ; the first answer has all of it
        ld P
        subi FRAME+11
        jnz offset
        {refuse_part}
        ldi 0
        stf FP+
        set Q STEP0
        set E RESULTS_END
        jmp answer
hello:  set Q HELLO
        set E 0
        jmp answer
poll:   set E STATUS+7
        jmp told
"""

BEGIN = """
begin:  ld END
        subi FRAME+26
        jnz refuse
        set P HASH
match:  ldd P+
        subf P
        jnz other
        ld P
        subi HASH+8
        jnz match
        set P FRAME+7
        ldf P
        subi 2
        jc refuse               ; no layer is shown
        ld STATUS
        subi 2
        jnz begun               ; the same run
        set Q TOKEN
        set P FRAME+3
token:  ldf P+
        std Q+
        subi TOKEN+4
        jnz token
        ldf P
        begin
        set Q R1
clear:  ldi 0
        std Q+
        subi SIZE
        jnz clear
        put FAILED
        put PP
        put S0
        put S1
        {clear_third}
        put R0
begun:  ldi 0
        jmp status
other:  ldi 3                   ; WRONG_MODEL
        jmp status
refuse: ldi 5                   ; BAD_REQUEST
status: put STATUS
brief:  set E STATUS+1
        jmp told
"""

LOAD = """
load:   ld STATUS
        jnz failed
        set P FRAME+1
        ldf P+
        sub EXPECTED0
        jnz again
        ldf P
        sub EXPECTED1
        jz execute
again:  ld PP
        jz gap                  ; nothing was executed yet
        set P FRAME+1
        ldf P
        addi 1
        sub EXPECTED0           ; of the last one; a board that has one frame under way gets no older one
        jz loaded
gap:    ldi 1
        put STATUS
failed: set E STATUS+3
told:   set Q STATUS
        jmp answer
bad:    set FAILED 4            ; BAD_EVENTS
        put STATUS
        jmp failed
execute:
        set PP FIRST
        ld STEP0
        std PP+
        {first_high}
        set PP PAIRS
        set P FRAME+7
next:   ld P
        sub END
        jz done
        jc bad                  ; a number was cut short
"""

DONE = """
done:   set Q STREAM
old:    ldn Q+
        give
        ld Q
        subi STREAM+4
        jnz old
        set P FRAME+7
        call more
        set Q STREAM
new:    taken
        std Q+
        subi STREAM+4
        jnz new
        inc EXPECTED0
        jnz loaded
        inc EXPECTED1
loaded: set Q STATUS
        set E STATUS+3
        call copy
        set Q FIRST
        ld PP
        put E
answer: call copy
"""

# CRC, and COBS once more: a 0x00 is put behind all, so that every block ends with one.
SEND = """
        ld FP
        put END
        call crc
tail:   taken
        stf FP+
        sub END
        subi 4
        jnz tail
        set Q FRAME
        put P
        ldi 0
        stf FP+
block:  ldf Q+
        jnz block
        ld Q
        sub P
out:    send
        ldf P+
        jnz out
        ld P
        sub FP
        jnz block
        send
        jmp frame
crc:    ldi 255
        give
        give
        give
        give
        set P FRAME
more:   ld P
        sub END
        jz back
        ldf P+
        sum
        jmp more
copy:   ld Q
        sub E
        jz back
        ldd Q+
        stf FP+
        jmp copy
core:   get
        sum
        std Q+
        sub E
        jnz core
back:   ret
"""

# After the last step the core gives outputs, the step's record, the class and the sums, in this order.
STEP = """
ended:  ld K
        subi {groups_1}
        jnz bad                 ; a number longer than it must be
        ld PP
        subi PAIRS_END
        jz bad                  ; too many steps
        ldi 0
        put S0
        put R0
        {clear_high}
        ldi 128
        give
        event
        {count_step}
        {record}
        set Q RESULTS+2
        set E RESULTS+{outputs_end}
        call core
record: set Q RECORDS
old_r:  ldn Q+
        give
        ld Q
        subi RECORDS+4
        jnz old_r
        ld PP
        put Q
        addi 8
        put PP
        put E
        call core
        set Q RECORDS
new_r:  taken
        std Q+
        subi RECORDS+4
        jnz new_r
        {next}
        set Q RESULTS
        set E RESULTS+2
        call core
        get
        get
        set Q RESULTS+{outputs_end}
        set E RESULTS_END
        call core
        jmp next
"""

NARROW, SHORT = 254, 256  # most columns, rows that are counted in one byte


def program(steps: int, width: int, height: int, classes: int, layout: Layout) -> bytes:
    """Its bytes. steps: of a recording. width, height: of the input."""
    columns = 2 * width
    groups = _groups(columns * height)
    parts = {
        "clear_third": "put S2" if groups == 3 else "",
        "clear_high": "\n".join(["put S1"] * (columns > NARROW) + ["put R1"] * (height > SHORT)),
        "first_high": "ld STEP1\nstd PP+" if steps > 255 else "",
        "count_step": _increment("STEP0", "STEP1") if steps > 255 else "inc STEP0",
        "refuse_part": _unless_whole(steps, "refuse"),
        "record": _unless_whole(steps, "record"),
        "next": _unless_whole(steps, "next"),
        "outputs_end": str(2 + 4 * classes),
        "groups_1": str(groups - 1),
    }
    text = RECEIVE + DISPATCH + BEGIN + LOAD + _event(columns, height) + STEP + DONE + SEND
    for name, value in parts.items():
        text = text.replace(f"{{{name}}}", value)
    return assemble(text, layout.names)


def _groups(sites: int) -> int:
    """Bytes that the longest number takes: it is one more than the distance of the last site from the first."""
    return 2 if sites < 1 << 14 else 3


def _increment(low: str, high: str) -> str:
    """Adds 1 to two cells."""
    return f"inc {low}\njnz {low}_ok\ninc {high}\n{low}_ok:"


def _unless_whole(steps: int, label: str) -> str:
    """Goes to `label` unless all steps of a recording are done."""
    text = f"ld STEP0\nsubi {steps & 0xFF}\njnz {label}\n"
    return text + (f"ld STEP1\nsubi {steps >> 8}\njnz {label}\n" if steps > 255 else "")


def _event(columns: int, height: int) -> str:
    """A number, and the event that it means.

    The number is shifted down through the CRC register and added to the column of the last event, S. The sum is one
    more than the new column; rows are taken off it while it is more than a row has.
    """
    groups = _groups(columns * height)
    low, high = columns & 0xFF, columns >> 8
    wide, tall, third = columns > NARROW, height > SHORT, groups == 3
    lines = [f"set K {groups}", "number:", "dec K", "jnc bad", "ldf P+", "put BYTE", "shift7", "ld BYTE"]
    lines += ["addi 128", "jc number", "ld BYTE", "jz ended"]
    lines += ["fill:", "ld K", "jz whole", *(["dec K"] if third else []), "ldi 0", "shift7"]
    lines += [*(["jmp fill"] if third else []), "whole:"]
    rest = 32 - 7 * groups
    lines += ["shift"] * (rest % 8) + ["give"] * (rest // 8)
    lines += ["take", "add S0", "put S0", "jnc mid", "inc S1", *(["jnz mid", "inc S2"] if third else [])]
    lines += ["mid:", "take", "add S1", "put S1"]
    lines += ["jnc top", "inc S2", "top:", "take", "add S2", "put S2"] if third else []
    lines += ["wrap:", *(["ld S2", "jnz row"] if third else [])]
    if wide:
        lines += ["ld S1", f"subi {high}", "jz compare", "jnc fits", "jmp row", "compare:"]
    else:
        lines += ["ld S1", "jnz row"]
    lines += ["ld S0", f"subi {low + 1}", "jnc fits"]
    lines += ["row:", "ld S0", f"subi {low}", "put S0", "jc less", "dec S1"]
    lines += ["jc less", "dec S2"] if third else []
    lines += ["less:"]
    lines += ["ld S1", f"subi {high}", "put S1", *(["jc down", "dec S2", "down:"] if third else [])] if wide else []
    if tall:
        lines += ["inc R0", "jnz tall", "inc R1", "tall:", "ld R0", f"subi {height & 0xFF}", "jnz wrap"]
        lines += ["ld R1", f"subi {height >> 8}", "jz bad", "jmp wrap"]
    else:
        lines += ["inc R0", f"subi {height & 0xFF}", "jz bad", "jmp wrap"]
    lines += ["fits:", "dec S0", *(["jc column", "dec S1", "column:", "ld S0"] if wide else []), "give"]
    lines += ["ld S1" if wide else "ldi 0", "give", "ld R0", "give", "ld R1" if tall else "ldi 0", "give", "event", "jmp next"]
    return "\n".join(lines) + "\n"
