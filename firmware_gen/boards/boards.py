"""The boards that firmware is built for: addresses, sizes, drivers, compilers; emulated and real ones."""

from __future__ import annotations

from dataclasses import dataclass

from edge_sast.errors import EdgeSastError
from firmware_gen.toolchain.cores import M0, M0_PLUS, M3, M4, M7, M55, RV32IMAC, Core

INSTRUCTION_SHIFT = 6  # QEMU's clock advances by 2^6 = 64 ns per instruction (-icount shift=6)
INSTRUCTION_NS = 1 << INSTRUCTION_SHIFT


@dataclass(frozen=True)
class Region:
    """Memory that programs may fill: first address, bytes."""

    origin: int
    size: int

    def __post_init__(self) -> None:
        if self.origin < 0 or self.size <= 0 or self.origin + self.size > 1 << 32:
            raise ValueError(f"region {self.origin:#x}, {self.size} bytes: not within 32 bits of address")


# Clocks a bit that the drivers' registers hold: 16 bits; 20 bits; 16 bits of 16 clocks.
LARGEST_DIVIDERS = {"stm32": 0xFFFF, "cmsdk": 0xFFFFF, "pl011": 16 * 0xFFFF, "16550": 16 * 0xFFFF}


@dataclass(frozen=True)
class Uart:
    """driver: ports/uart_{driver}.c; base: address; irq: interrupt number; hz: the clock that it divides."""

    driver: str
    base: int
    irq: int
    hz: int

    def bauds(self) -> tuple[int, int]:
        """The slowest and the fastest that its divider can make."""
        if self.driver == "nrf51":  # the port has one setting of its register
            return 115_200, 115_200
        return -(-self.hz // LARGEST_DIVIDERS[self.driver]), self.hz // 16

    def made(self, baud: int) -> float:
        """What comes of `baud` on a real board: the divider is rounded, PL011's to quarters of a clock."""
        parts = 4 if self.driver == "pl011" else 1
        return parts * self.hz / ((parts * self.hz + baud // 2) // baud)


@dataclass(frozen=True)
class Ticks:
    """driver: ports/ticks_{driver}.c; kind: what one tick is; hz: a second's, 0 where the board has no real time.

    A SysTick count is multiply / divide of a tick.
    """

    driver: str
    kind: str
    hz: int
    multiply: int = 1
    divide: int = 1

    def __post_init__(self) -> None:
        if self.kind not in ("cycles", "instructions"):
            raise ValueError(f"ticks of kind {self.kind!r}")
        if not 0 < self.multiply <= 128 or not 0 < self.divide <= 1 << 16:
            raise ValueError(f"ticks {self.multiply}/{self.divide}: 24 bits times it must fit 32")


@dataclass(frozen=True)
class Board:
    """One board. ring_bytes: receive buffer, a power of two; stack_bytes: kept free at RAM's end.

    frame_bytes, window: SAST_BOARD_FRAME_BYTES and SAST_BOARD_WINDOW of sast_board.h. With 4,096 bytes of ring they
    keep a line of 921,600 baud busy (docs/protocol.md, section 7).
    machine: QEMU's command after the program's name, None on real boards; flashing: how a real board gets the program.
    """

    name: str
    title: str
    core: Core
    flash: Region
    ram: Region
    uart: Uart
    ticks: Ticks
    clocks: str
    core_hz: int
    ring_bytes: int
    machine: tuple[str, ...] | None = None
    flashing: str = ""
    extra_sources: tuple[str, ...] = ()
    defines: tuple[tuple[str, int], ...] = ()
    stack_bytes: int = 1536
    frame_bytes: int = 512
    window: int = 8
    uf2_family: int | None = None

    def __post_init__(self) -> None:
        if self.ring_bytes & (self.ring_bytes - 1) or self.ring_bytes < 64:
            raise ValueError(f"{self.name}: a ring of {self.ring_bytes} bytes is no power of two from 64")
        if (
            self.window & (self.window - 1)
            or not 1 <= self.window <= 64
            or not 64 <= self.frame_bytes <= 4096
        ):
            raise ValueError(
                f"{self.name}: {self.window} frames of {self.frame_bytes} bytes: no power of two, or no size"
            )
        if (self.machine is None) != bool(self.flashing):
            raise ValueError(f"{self.name}: a board is either emulated or flashed")

    @property
    def emulated(self) -> bool:
        """True: QEMU runs it; False: silicon that no test of this project has run on."""
        return self.machine is not None


def _emulated_ticks(clock_mhz: int) -> Ticks:
    """SysTick at `clock_mhz` as instructions: one is INSTRUCTION_NS · clock_mhz / 1000 counts."""
    multiply, divide = 1000, INSTRUCTION_NS * clock_mhz
    while multiply % 2 == 0 and divide % 2 == 0:
        multiply, divide = multiply // 2, divide // 2
    return Ticks("systick", "instructions", 0, multiply, divide)


def _mps(machine: str, core: Core, kilobytes: int, uart: Uart, clock_mhz: int) -> Board:
    """Arm's FPGA boards: code memory at 0, data at 0x20000000, a CMSDK UART."""
    size = kilobytes * 1024
    title = f"Arm {machine.upper().replace('-', ' ')}"
    return Board(
        f"qemu-{machine}",
        title,
        core,
        Region(0, size),
        Region(0x20000000, size),
        uart,
        _emulated_ticks(clock_mhz),
        "none",
        clock_mhz * 1_000_000,
        4096,
        ("qemu-system-arm", "-M", machine),
    )


def _emulated_stm32(
    machine: str, title: str, core: Core, flash: int, ram: int, uart: Uart, *buffers: int
) -> Board:
    """flash, ram: KB. buffers: of ring, frame and window."""
    clock = uart.hz // 1_000_000
    ring, frame, window = buffers
    return Board(
        f"qemu-{machine}",
        title,
        core,
        Region(0x08000000, flash * 1024),
        Region(0x20000000, ram * 1024),
        uart,
        _emulated_ticks(clock),
        "none",
        uart.hz,
        ring,
        ("qemu-system-arm", "-M", machine),
        frame_bytes=frame,
        window=window,
    )


def _nucleo(name: str, title: str, core: Core, sizes: tuple[int, int], core_hz: int, uart_hz: int) -> Board:
    """A Nucleo-64: USART2 goes through its ST-LINK to a serial port on USB. sizes: KB of flash, of RAM."""
    family = "stm32f1" if core is M3 else "stm32f4"
    ring, frame = (4096, 512) if sizes[1] >= 64 else (2048, 256)
    return Board(
        name,
        title,
        core,
        Region(0x08000000, sizes[0] * 1024),
        Region(0x20000000, sizes[1] * 1024),
        Uart("stm32", 0x40004400, 38, uart_hz),
        Ticks("dwt", "cycles", core_hz),
        family,
        core_hz,
        ring,
        frame_bytes=frame,
        flashing=f"openocd -f interface/stlink.cfg -f target/{family}x.cfg -c 'program {{elf}} verify reset exit'",
    )


_EMULATED = (
    Board(
        "qemu-microbit",
        "BBC micro:bit (nRF51)",
        M0,
        Region(0, 256 * 1024),
        Region(0x20000000, 16 * 1024),
        Uart("nrf51", 0x40002000, 2, 16_000_000),
        _emulated_ticks(16),
        "none",
        16_000_000,
        1024,
        ("qemu-system-arm", "-M", "microbit"),
        frame_bytes=256,
        window=4,
    ),
    _emulated_stm32(
        "stm32vldiscovery",
        "STM32VLDISCOVERY (STM32F100)",
        M3,
        128,
        8,
        Uart("stm32", 0x40013800, 37, 24_000_000),
        512,
        256,
        4,
    ),
    _mps("mps2-an385", M3, 4096, Uart("cmsdk", 0x40004000, 0, 25_000_000), 25),
    _mps("mps2-an386", M4, 4096, Uart("cmsdk", 0x40004000, 0, 25_000_000), 25),
    _emulated_stm32(
        "netduinoplus2",
        "Netduino Plus 2 (STM32F405)",
        M4,
        1024,
        128,
        Uart("stm32", 0x40011000, 37, 168_000_000),
        4096,
        512,
        8,
    ),
    _mps("mps2-an500", M7, 4096, Uart("cmsdk", 0x40004000, 0, 25_000_000), 25),
    _mps("mps3-an547", M55, 512, Uart("cmsdk", 0x59303000, 33, 32_000_000), 32),
    Board(
        "qemu-riscv32-virt",
        "RISC-V virt",
        RV32IMAC,
        Region(0x80000000, 4 << 20),
        Region(0x84000000, 4 << 20),
        Uart("16550", 0x10000000, 10, 3_686_400),
        Ticks("instret", "instructions", 0),
        "none",
        0,
        4096,
        ("qemu-system-riscv32", "-M", "virt", "-bios", "none"),
        defines=(("PORT_PLIC_BASE", 0x0C000000),),
    ),
)

_REAL = (
    _nucleo("nucleo-f446re", "STM32 Nucleo-64 F446RE", M4, (512, 128), 168_000_000, 42_000_000),
    _nucleo("nucleo-f401re", "STM32 Nucleo-64 F401RE", M4, (512, 96), 84_000_000, 42_000_000),
    _nucleo("nucleo-f103rb", "STM32 Nucleo-64 F103RB", M3, (128, 20), 64_000_000, 32_000_000),
    Board(
        "pico",
        "Raspberry Pi Pico (RP2040)",
        M0_PLUS,
        Region(0x10000000, 2 << 20),
        Region(0x20000000, 256 * 1024),
        Uart("pl011", 0x40034000, 20, 125_000_000),
        Ticks("systick", "cycles", 125_000_000),
        "rp2040",
        125_000_000,
        4096,
        flashing="hold BOOTSEL while plugging in, then copy {uf2} to the drive; or: picotool load {uf2} --force",
        extra_sources=("boot2_rp2040.S",),
        uf2_family=0xE48BFF56,
    ),
)

BOARDS = {board.name: board for board in (*_EMULATED, *_REAL)}


ARDUINO = "arduino"  # not one board: a sketch for all that have an Arduino core
FPGA = "fpga"  # no board either: the Verilog of an export, simulated


def find_board(name: str) -> Board:
    """The board of that name. Raises EdgeSastError with all names for another, for ARDUINO and FPGA."""
    if name == ARDUINO:
        raise EdgeSastError(
            "--board is 'arduino', a sketch that the Arduino IDE compiles; make it with 'edge-sast board build', and "
            "give the board's serial port to 'edge-sast hil'"
        )
    if name == FPGA:
        raise EdgeSastError(
            "--board is 'fpga', which is simulated; run it with 'edge-sast board run', and make bitstreams with "
            "'edge-sast fpga build'"
        )
    if name not in BOARDS:
        raise EdgeSastError(f"--board is {name!r}; it must be one of {', '.join([*BOARDS, ARDUINO, FPGA])}")
    return BOARDS[name]
