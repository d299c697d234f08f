"""Which part of the M-profile architecture a Thumb instruction belongs to, told by its encoding.

The Arm Architecture Reference Manuals (Armv6-M, chapter A5; Armv7-M, chapter A5; Armv8-M, chapter C2) list encodings by
the same fields; below is each group once, with the first architecture that has it. What no core here has (floats, other
coprocessors, vectors, A-profile instructions) is in no list. Instructions are told apart, not their operands: what
the manuals call UNPREDICTABLE for a register or a list of them passes.
"""

from __future__ import annotations

from functools import cache

V6M, V7M, DSP, V8M, V8_1M = "Armv6-M", "Armv7-M", "the DSP extension", "Armv8-M", "Armv8.1-M"
PACBTI = "the PACBTI extension"  # of it, BTI, PAC, PACBTI and AUT are hints: cores without do nothing

# (mask, value, part), the first row that fits decides; None: of no core here.
_NARROW: tuple[tuple[int, int, str | None], ...] = (
    (0xFF07, 0x4704, V8M),  # BXNS, BLXNS
    (0xF500, 0xB100, V7M),  # CBZ, CBNZ
    (0xFFEF, 0xB662, V6M),  # CPS of PRIMASK
    (0xFFEC, 0xB660, V7M),  # CPS of FAULTMASK
    (0xFE00, 0xB600, None),
    (0xFF00, 0xB800, None),
    (0xFFC0, 0xBA80, None),  # HLT, of other profiles
    (0xFF0F, 0xBF00, V6M),  # NOP, YIELD, WFE, WFI, SEV, and hints that do nothing
    (0xFF00, 0xBF00, V7M),  # IT
    (0x0000, 0x0000, V6M),
)

# The first halfword is the upper half.
_WIDE: tuple[tuple[int, int, str | None], ...] = (
    # Branches and miscellaneous control
    (0xF800D000, 0xF000D000, V6M),  # BL
    (0xF800D000, 0xF0009000, V7M),  # B, 24 bits
    (0xFFF0F000, 0xF7F0A000, V7M),  # UDF
    (0xFFF0D0F8, 0xF3808000, V6M),  # MSR: xPSR and its parts
    (0xFFF0D0FE, 0xF3808008, V6M),  # MSP, PSP
    (0xFFF0D0FB, 0xF3808010, V6M),  # PRIMASK, CONTROL
    (0xFFF0D0FC, 0xF3808010, V7M),  # BASEPRI, BASEPRI_MAX, FAULTMASK
    (0xFFF0D000, 0xF3808000, V8M),  # stack limits, the other security state's
    (0xFFF0D0F8, 0xF3E08000, V6M),  # MRS: the same
    (0xFFF0D0FE, 0xF3E08008, V6M),
    (0xFFF0D0FB, 0xF3E08010, V6M),
    (0xFFF0D0FC, 0xF3E08010, V7M),
    (0xFFF0D000, 0xF3E08000, V8M),
    (0xFFF0D0F0, 0xF3B08020, V7M),  # CLREX
    (0xFFF0D0F0, 0xF3B08040, V6M),  # DSB
    (0xFFF0D0F0, 0xF3B08050, V6M),  # DMB
    (0xFFF0D0F0, 0xF3B08060, V6M),  # ISB
    (0xFFF0D700, 0xF3A08000, V7M),  # NOP, WFI, DBG, and hints that do nothing
    (0xFB80D000, 0xF3808000, None),
    (0xF800D000, 0xF0008000, V7M),  # B, by condition
    (0xFFF0FFFF, 0xF040E001, V8_1M),  # DLS
    (0xFFF0F001, 0xF040C001, V8_1M),  # WLS
    (0xFFDFF001, 0xF00FC001, V8_1M),  # LE
    # Data processing with a constant
    (0xFB808000, 0xF0000000, V7M),  # AND, TST, BIC, ORR, MOV, ORN, MVN
    (0xFBE08000, 0xF0800000, V7M),  # EOR, TEQ
    (0xFBE08000, 0xF1000000, V7M),  # ADD, CMN
    (0xFBC08000, 0xF1400000, V7M),  # ADC, SBC
    (0xFBE08000, 0xF1A00000, V7M),  # SUB, CMP
    (0xFBE08000, 0xF1C00000, V7M),  # RSB
    (0xFBF08000, 0xF2000000, V7M),  # ADDW
    (0xFBF08000, 0xF2400000, V7M),  # MOVW
    (0xFBF08000, 0xF2A00000, V7M),  # SUBW
    (0xFBF08000, 0xF2C00000, V7M),  # MOVT
    (0xFFF0F0C0, 0xF3200000, DSP),  # SSAT16
    (0xFFF0F0C0, 0xF3A00000, DSP),  # USAT16
    (0xFFD08000, 0xF3000000, V7M),  # SSAT
    (0xFFF08000, 0xF3400000, V7M),  # SBFX
    (0xFFF08000, 0xF3600000, V7M),  # BFI, BFC
    (0xFFD08000, 0xF3800000, V7M),  # USAT
    (0xFFF08000, 0xF3C00000, V7M),  # UBFX
    # Loads and stores of several registers, exclusive ones, table branches
    (0xFFFFFFFF, 0xE97FE97F, V8M),  # SG
    (0xFFFF2000, 0xE89F0000, V8_1M),  # CLRM
    (0xFFD02000, 0xE8900000, V7M),  # LDM
    (0xFFD0A000, 0xE8800000, V7M),  # STM
    (0xFFD02000, 0xE9100000, V7M),  # LDMDB
    (0xFFD0A000, 0xE9000000, V7M),  # STMDB
    (0xFFF0F03F, 0xE840F000, V8M),  # TT, TTT, TTA, TTAT
    (0xFFE00000, 0xE8400000, V7M),  # STREX, LDREX
    (0xFFF0FFE0, 0xE8D0F000, V7M),  # TBB, TBH
    (0xFFE000E0, 0xE8C00040, V7M),  # STREXB, STREXH, LDREXB, LDREXH
    (0xFFE000E0, 0xE8C00080, V8M),  # STLB, STLH, LDAB, LDAH
    (0xFFE000F0, 0xE8C000A0, V8M),  # STL, LDA
    (0xFFE000E0, 0xE8C000C0, V8M),  # STLEXB, STLEXH, LDAEXB, LDAEXH
    (0xFFE000F0, 0xE8C000E0, V8M),  # STLEX, LDAEX
    (0xFF600000, 0xE8400000, None),
    (0xFE400000, 0xE8400000, V7M),  # STRD, LDRD
    # Data processing with a shifted register
    (0xFFF0C000, 0xEA508000, V8_1M),  # CSEL, CSINC, CSINV, CSNEG
    (0xFE00000F, 0xEA00000F, None),  # with r15, or ORRS with r13: long shifts of the vector extension
    (0xFFF0800F, 0xEA50000D, None),
    (0xFF808000, 0xEA000000, V7M),  # AND, TST, BIC, ORR, MOV, shifts, ORN, MVN
    (0xFFE08000, 0xEA800000, V7M),  # EOR, TEQ
    (0xFFF08010, 0xEAC00000, DSP),  # PKHBT, PKHTB
    (0xFFE08000, 0xEB000000, V7M),  # ADD, CMN
    (0xFFC08000, 0xEB400000, V7M),  # ADC, SBC
    (0xFFE08000, 0xEBA00000, V7M),  # SUB, CMP
    (0xFFE08000, 0xEBC00000, V7M),  # RSB
    # Loads and stores of one register, and hints to preload
    (0xFE600000, 0xF8600000, None),
    (0xFF100000, 0xF9000000, None),
    (0xFF600000, 0xF9400000, None),
    (0xFE1F0000, 0xF80F0000, None),  # a store by r15
    (0xFE1F0000, 0xF81F0000, V7M),  # a load by r15
    (0xFE800000, 0xF8800000, V7M),  # 12 bits of offset
    (0xFE800FC0, 0xF8000000, V7M),  # a register as offset
    (0xFE800D00, 0xF8000800, None),
    (0xFE800800, 0xF8000800, V7M),  # 8 bits of offset
    # Data processing with registers
    (0xFF80F0F0, 0xFA00F000, V7M),  # LSL, LSR, ASR, ROR
    (0xFFEFF0C0, 0xFA0FF080, V7M),  # SXTH, UXTH
    (0xFFEFF0C0, 0xFA4FF080, V7M),  # SXTB, UXTB
    (0xFFE0F0C0, 0xFA60F080, None),
    (0xFF80F0C0, 0xFA00F080, DSP),  # those that add, and those of two halves
    (0xFF80F0B0, 0xFA80F030, None),
    (0xFFB0F080, 0xFAB0F000, None),
    (0xFF80F080, 0xFA80F000, DSP),  # SADD16 and all sums and differences of bytes and halves
    (0xFFF0F0C0, 0xFA80F080, DSP),  # QADD, QDADD, QSUB, QDSUB
    (0xFFF0F0C0, 0xFA90F080, V7M),  # REV, REV16, RBIT, REVSH
    (0xFFF0F0F0, 0xFAA0F080, DSP),  # SEL
    (0xFFF0F0F0, 0xFAB0F080, V7M),  # CLZ
    # Multiplications and divisions
    (0xFFF000E0, 0xFB000000, V7M),  # MLA, MUL, MLS
    (0xFFF000C0, 0xFB100000, DSP),  # SMLAxy, SMULxy
    (0xFFF000F0, 0xFB700000, DSP),  # USAD8, USADA8
    (0xFFF00000, 0xFB700000, None),
    (0xFFF00FE0, 0xFB500F00, PACBTI),  # AUTG, BXAUT: where SMMLA has r15 as its result
    (0xFFF0F0F0, 0xFB60F000, PACBTI),  # PACG: where SMMLS adds to r15
    (0xFF8000E0, 0xFB000000, DSP),  # SMLAD, SMLAWy, SMLSD, SMMLA, SMMLS, and those that do not accumulate
    (0xFFD000F0, 0xFB800000, V7M),  # SMULL, UMULL
    (0xFFD0F0F0, 0xFB90F0F0, V7M),  # SDIV, UDIV
    (0xFFD000F0, 0xFBC00000, V7M),  # SMLAL, UMLAL
    (0xFFF000C0, 0xFBC00080, DSP),  # SMLALxy
    (0xFFE000E0, 0xFBC000C0, DSP),  # SMLALD, SMLSLD
    (0xFFF000F0, 0xFBE00060, DSP),  # UMAAL
)


@cache
def thumb_part(encoding: int, size: int) -> str | None:
    """The part an instruction belongs to; None: to none that a core here has.

    encoding: the halfword, or both, the first in the upper half. size: 2 or 4 bytes.
    """
    rows = _NARROW if size == 2 else _WIDE
    return next((part for mask, value, part in rows if encoding & mask == value), None)


def aligned_base(encoding: int, size: int) -> int | None:
    """Number of the register that must hold a multiple of 4 when the instruction runs; None: it may hold anything.

    So of LDM, STM, LDRD and STRD (Armv7-M, A3.2.1), but by r15, which is aligned before it is used, and by r13. What
    is moved or added to r13 must be aligned instead: the chip clears r13's two low bits, Unicorn keeps them. LDREX, LDA
    and their like fault in Unicorn too.
    """
    if size == 2:
        if encoding & 0xFD87 == 0x4485:  # ADD, MOV to r13
            source = encoding >> 3 & 15
            return source if source != 15 else None
        return encoding >> 8 & 7 if encoding >> 12 == 0b1100 else None
    base = encoding >> 16 & 15
    block = encoding & 0xFE400000 == 0xE8000000
    double = encoding & 0xFE400000 == 0xE8400000 and encoding & 0x01200000 != 0
    return base if (block or double) and base not in (13, 15) else None
