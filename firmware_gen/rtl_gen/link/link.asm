; SPDX-License-Identifier: 0BSD
;
; link.asm: the program of rtl/sast_link.v, the board's side of docs/protocol.md, which says what it must do. machine.py
; tells what the instructions are, layout.py where the cells lie. Lines that begin with ?flag or !flag are there for some
; models only: program.py.
;
; One request is held at a time, in the frame page, and its answer is made in its place: the header stays. P walks over
; the frame, Q over the rest, FP is where the answer goes on, END is the end of the request's payload, or the answer's.

; ---- receive
; A block of COBS stands for a 0x00 behind it, except the last one: here it does too, so FP is one too far at the end.
; A block without such a 0x00 has 254 bytes, more than a frame.
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

; ---- which request
; The run's token and the model's hash lie in page 0 where a BEGIN has them in page 1, but for the step that P makes.
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
!bus    jnz frame
?bus    jz read
?bus    subi 2
?bus    jz look
?bus    subi 1
?bus    jz write
?load   subi 1
?load   jz tell
?bus    jmp frame
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
!run    ld STEP0
!run    subi STEPS_LOW
!run    jnz refuse
?long   ld STEP1
?long   subi STEPS_HIGH
?long   jnz refuse
        ldi 0
        stf FP+
        set Q STEP0
        set E RESULTS_END
        jmp answer
hello:  set Q HELLO
        set E 0
?load   call copy
?load   ldi VALID
?load   getreg
?load   take
?load   jnz reply
?load   set P FRAME+9           ; no model: its hash is told as zeros
?load   none:
?load   ldi 0
?load   stf P+
?load   subi FRAME+41
?load   jnz none
?load   jmp reply
!load   jmp answer
poll:   set E STATUS+7
        jmp told

; ---- BEGIN
begin:  ld END
        subi FRAME+26
        jnz refuse
?load   ldi VALID
?load   getreg
?load   take
?load   jz other
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
?run    set Q RESULTS           ; sums of all steps
?run    zero:
?run    ldi 0
?run    std Q+
?run    subi RESULTS_END
?run    jnz zero
?early  set Q COMPUTED
?early  none_yet:
?early  ldi 0
?early  std Q+
?early  subi RESULTS_END
?early  jnz none_yet
        put FAILED
        put PP
        put S0
        put S1
?third  put S2
        put R0
begun:  ldi 0
        jmp status
other:  ldi 3                   ; WRONG_MODEL
        jmp status
refuse: ldi 5                   ; BAD_REQUEST
status: put STATUS
brief:  set E STATUS+1
        jmp told

; ---- registers
?bus    look:
?bus    ld END
?bus    subi FRAME+9
?bus    jnz refuse
?bus    set P FRAME+7
?bus    ldf P+
?bus    put BYTE                ; the next register
?bus    ldf P+
?bus    put K                   ; how many
?bus    subi MOST_REGISTERS+1
?bus    jc refuse
?bus    ldi 0
?bus    stf FP+
?bus    register:
?bus    ld K
?bus    jz reply
?bus    dec K
?bus    ld BYTE
?bus    getreg
?bus    inc BYTE
?bus    take
?bus    stf FP+
?bus    take
?bus    stf FP+
?bus    take
?bus    stf FP+
?bus    take
?bus    stf FP+
?bus    jmp register
?bus    write:
?bus    set FAILED 2            ; no run goes on with what may be changed here
?bus    set P FRAME+7
?bus    ldf P+
?bus    put BYTE
?bus    value:
?bus    ld END
?bus    sub P
?bus    jz begun
?bus    jnc refuse              ; cut short
?bus    ldf P+
?bus    give
?bus    ldf P+
?bus    give
?bus    ldf P+
?bus    give
?bus    ldf P+
?bus    give
?bus    ld END
?bus    sub P
?bus    jnc refuse
?bus    ld BYTE
?bus    setreg
?bus    inc BYTE
?bus    jmp value
?load   tell:
?load   ldi VALID
?load   getreg
?load   take
?load   jnz refuse              ; only while there is none
?load   ld END
?load   subi FRAME+8
?load   jnc refuse
?load   set P FRAME+7
?load   ldf P+
?load   put Q
?load   told_on:
?load   ld P
?load   sub END
?load   jz begun
?load   ldf P+
?load   std Q+
?load   jmp told_on

; ---- LOAD
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
!run    ld STEP0
!run    std PP+
?long   ld STEP1
?long   std PP+
?run    set Q STEP0
?run    first:
?run    ldd Q+
?run    std PP+
?run    ld Q
?run    subi STEP0+4
?run    jnz first
        set PP PAIRS
        set P FRAME+7
next:   ld P
        sub END
        jz done
        jc bad                  ; a number was cut short

; A number, seven bits a byte, the lowest first. They go down through the CRC register.
        set K GROUPS
number: dec K
        jnc bad                 ; a number longer than any
        ldf P+
        put BYTE
        shift7
        ld BYTE
        addi 128
        jc number
        ld BYTE
        jz ended
fill:   ld K
        jz whole
?third  dec K
        ldi 0
        shift7
?third  jmp fill
whole:  shift
        shift
?third  shift
        give
!third  give

; S, the column of the last event, plus the number: one more than the new column, if that is in the same row.
        take
        add S0
        put S0
        jnc middle
        inc S1
?third  jnz middle
?third  inc S2
middle: take
        add S1
        put S1
?third  jnc top
?third  inc S2
?third  top: take
?third  add S2
?third  put S2

; Rows are taken off it while it is more than a row has.
wrap:
?third  ld S2
?third  jnz row
        ld S1
!wide   jnz row
?wide   subi COLUMNS_HIGH
?wide   jz equal
?wide   jnc fits
?wide   jmp row
?wide   equal:
        ld S0
        subi COLUMNS_LOW+1
        jnc fits
row:    ld S0
        subi COLUMNS_LOW
        put S0
        jc less
        dec S1
?third  jc less
?third  dec S2
less:
?wide   ld S1
?wide   subi COLUMNS_HIGH
?wide   put S1
?wide   ?third jc down
?wide   ?third dec S2
?wide   ?third down:
        inc R0
?tall   jnz tall
?tall   inc R1
?tall   tall: ld R0
        subi HEIGHT_LOW
?tall   jnz wrap
?tall   ld R1
?tall   subi HEIGHT_HIGH
        jz bad
        jmp wrap
fits:   dec S0
?wide   jc column
?wide   dec S1
?wide   column: ld S0
        give
?wide   ld S1
!wide   ldi 0
        give
        ld R0
        give
?tall   ld R1
!tall   ldi 0
        give
?early  call over
?early  jnz next
        event
        jmp next

; ---- a step ends
; After the last one, in running state after each, the core gives outputs, the step's record, the class and the sums, in
; this order. In running state these are the step's, and READ tells those of all steps. A core that ends recordings early
; gives the record first; once it has given its answer nothing more is sent to it, and records are zeros (K is not 0).
ended:  ld K
        subi GROUPS_1
        jnz bad                 ; a number longer than it must be
        ld PP
        subi PAIRS_END
        jz bad                  ; too many steps
        ldi 0
        put S0
        put R0
?wide   put S1
?tall   put R1
?early  call over
?early  put K
?early  jnz silent
        ldi 128
        give
        event
?early  silent:
?run    set Q STEP0
?run    up:
?run    ldd Q+
?run    addi 1
?run    put BYTE
?run    dec Q
?run    ld BYTE
?run    std Q+
?run    ld BYTE
?run    jz up
!run    inc STEP0
?long   jnz counted
?long   inc STEP1
?long   counted:
!early  !run ld STEP0
!early  !run subi STEPS_LOW
!early  !run jnz record
!early  ?long ld STEP1
!early  ?long subi STEPS_HIGH
!early  ?long jnz record
!early  set Q RESULTS+2
!early  set E OUTPUTS_END
!early  call core
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
?early  ld K
?early  jz fresh
?early  call zeros
?early  jmp told_r
?early  fresh:
        call core
?early  told_r:
        set Q RECORDS
new_r:  taken
        std Q+
        subi RECORDS+4
        jnz new_r
!early  !run ld STEP0
!early  !run subi STEPS_LOW
!early  !run jnz next
!early  ?long ld STEP1
!early  ?long subi STEPS_HIGH
!early  ?long jnz next
?early  ld K
?early  jnz next
?early  ended
?early  jz next
?early  set Q RESULTS+2
?early  set E OUTPUTS_END
?early  call core
        set Q RESULTS
        set E RESULTS+2
        call core
        get
        get
!run    set Q OUTPUTS_END
!run    set E SUMS_END
!run    call core
?early  ld STEP0                ; Q is COMPUTED
?early  std Q+
?early  ?long ld STEP1
?early  ?long std Q+
?run    ld P                    ; P and Q both walk over the sums; S0 is the carry, and 0 again after eight bytes
?run    put K
?run    set Q OUTPUTS_END
?run    set P OUTPUTS_END
?run    set E RESULTS_END
?run    more_s:
?run    get
?run    add S0
?run    put BYTE
?run    jc old_s                ; it is 0, and the carry goes on
?run    set S0 0
?run    old_s: ldd Q+
?run    add BYTE
?run    put BYTE
?run    jnc sum_s
?run    inc S0
?run    sum_s: ld BYTE
?run    std P+
?run    sub E
?run    jnz more_s
?run    ld K
?run    put P
        jmp next

; ---- a LOAD was executed
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

; ---- send
; The CRC, and COBS once more: a 0x00 is put behind all, so that every block ends with one.
?bus    reply:
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
?early  over:
?early  set Q COMPUTED
?early  ldd Q+
?early  ?long jnz back
?early  ?long ldd Q+
?early  ret
?early  zeros:
?early  ldi 0
?early  sum
?early  std Q+
?early  sub E
?early  jnz zeros
?early  ret
core:   get
        sum
        std Q+
        sub E
        jnz core
back:   ret
