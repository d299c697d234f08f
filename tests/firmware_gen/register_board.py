"""The program of a real board on Unicorn, its chip's registers modelled from the reference manuals, as a serial port.

No silicon: what is shown is that the very image that would be flashed gets through its clock set-up, writes registers
that make the clocks and the baud rate it claims, and serves a host through its interrupt and its UART.
"""

from __future__ import annotations

import queue
import struct
import threading

from unicorn import UC_ARCH_ARM, UC_MODE_THUMB, Uc, UcError, arm_const

from firmware_gen.boards.build import Firmware
from firmware_gen.toolchain.elf import symbol_address

RETURN = 0x0F000000  # an address that no chip here uses: interrupts return to it
SLICE = 2000  # instructions between two bytes; of 115,200 baud at 64 MHz, some 5,500 cycles
NVIC_ENABLE = 0xE000E100
VTOR = 0xE000ED08
MODELS = {
    "Cortex-M0+": arm_const.UC_CPU_ARM_CORTEX_M0,
    "Cortex-M3": arm_const.UC_CPU_ARM_CORTEX_M3,
    "Cortex-M4": arm_const.UC_CPU_ARM_CORTEX_M4,
}


class Chip:
    """Registers keep what is written to them; a subclass says which show something else."""

    regions = ((0x40000000, 0x100000), (0xE0000000, 0x100000))

    def __init__(self) -> None:
        self.registers: dict[int, int] = {}
        self.arrived: queue.Queue[int] = queue.Queue()  # on the wire, not yet in the UART
        self.received: list[int] = []  # in the UART
        self.sent: queue.Queue[int] = queue.Queue()
        self.clock = 0

    def at(self, address: int) -> int:
        return self.registers.get(address, 0)

    def read(self, address: int) -> int:
        if address in (0xE0001004, 0xE000E018):  # DWT_CYCCNT counts up, SysTick's value down
            self.clock += 100
            return self.clock if address == 0xE0001004 else (0xFFFFFF - self.clock) & 0xFFFFFF
        return self.at(address)

    def write(self, address: int, value: int) -> None:
        self.registers[address] = value

    def listening(self) -> bool:
        """May the UART interrupt when a byte arrives?"""
        raise NotImplementedError


class Stm32(Chip):
    """RM0390 and RM0368 (F4), RM0008 (F1): the registers that are used differ in nothing but RCC's place."""

    USART = 0x40004400

    def __init__(self, rcc: int, config: int) -> None:
        super().__init__()
        self.rcc, self.config = rcc, rcc + config

    def read(self, address: int) -> int:
        value = super().read(address)
        if address == self.rcc:  # PLLRDY follows PLLON
            return value | (value & 1 << 24) << 1
        if address == self.config:  # SWS follows SW
            return value & ~0xC | (value & 3) << 2
        if address == self.USART:
            return 0xC0 | (0x20 if self.received else 0)
        if address == self.USART + 4:
            return self.received.pop(0)
        return value

    def write(self, address: int, value: int) -> None:
        if address == self.USART + 4:
            self.sent.put(value & 0xFF)
        super().write(address, value)

    def listening(self) -> bool:
        enabled = self.at(self.USART + 0xC) & 0x202C == 0x202C  # UE, RXNEIE, TE, RE
        return enabled and bool(self.at(NVIC_ENABLE + 4) & 1 << 6)  # interrupt 38


class Rp2040(Chip):
    """RP2040 datasheet: set and clear aliases (2.1.2), resets, clocks, crystal, PLL, UART0; SSI for the boot stage."""

    regions = (*Chip.regions, (0x18000000, 0x1000))
    UART = 0x40034000

    def __init__(self) -> None:
        super().__init__()
        self.registers = {
            0x4000C000: 0x01FFFFFF,
            0x40028004: 0x2D,
        }  # everything in reset, the PLL without power

    def read(self, address: int) -> int:
        value = super().read(address)
        if address == 0x4000C008:
            return ~self.at(0x4000C000) & 0x01FFFFFF
        if address in (0x40008038, 0x40008044):  # what the glitchless multiplexers have selected
            return 1 << (self.at(address - 8) & 3)
        if address == 0x40024004:
            return 1 << 31 if self.at(0x40024000) == 0xFABAA0 and self.at(0x4002400C) else 0
        if address == 0x40028000:
            return value | (1 << 31 if not self.at(0x40028004) & 0x21 and self.at(0x40028008) else 0)
        if address == self.UART + 0x18:
            return 0x80 | (0 if self.received else 0x10)
        if address == self.UART:
            return self.received.pop(0)
        return value

    def write(self, address: int, value: int) -> None:
        if address >> 28 == 4 and address & 0x3000 and address < 0x40060000:
            base, way = address & ~0x3000, address >> 12 & 3
            before = self.at(base)
            value = {1: before ^ value, 2: before | value, 3: before & ~value}[way]
            address = base
        if address == self.UART:
            self.sent.put(value & 0xFF)
        super().write(address, value)

    def listening(self) -> bool:
        up = not self.at(0x4000C000) & 1 << 22 and self.at(self.UART + 0x30) & 0x301 == 0x301
        return up and bool(self.at(self.UART + 0x38) & 0x50) and bool(self.at(NVIC_ENABLE) & 1 << 20)


class RegisterBoard:
    """The board as a port: `read`, `write`, `timeout`, `close`. It runs in a thread until it is closed."""

    def __init__(self, firmware: Firmware, chip: Chip) -> None:
        self.chip, self.timeout = chip, 1.0
        board = firmware.board
        self._uc = Uc(UC_ARCH_ARM, UC_MODE_THUMB)  # with UC_MODE_MCLASS it would be a Cortex-M33
        self._uc.ctl_set_cpu_model(MODELS[board.core.title])
        for origin, size in (
            (board.flash.origin, board.flash.size),
            (board.ram.origin, 0x44000),
            (RETURN, 0x1000),
        ):
            self._uc.mem_map(origin, (size + 0xFFF) & ~0xFFF)
        for origin, size in chip.regions:
            self._uc.mmio_map(origin, size, self._read, origin, self._write, origin)
        image = firmware.image.read_bytes()
        self._uc.mem_write(board.flash.origin, image)
        self._interrupt = symbol_address(firmware.elf, "uart_interrupt")
        self._pc = self._start(image, board.uf2_family is not None)
        self._main = symbol_address(firmware.elf, "main") & ~1
        self._closed = threading.Event()
        self._failed: UcError | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _start(self, image: bytes, has_boot2: bool) -> int:
        if not has_boot2:
            stack, entry = struct.unpack_from("<II", image)
            self._uc.reg_write(arm_const.UC_ARM_REG_SP, stack)
            return int(entry)
        self._uc.mem_write(0x20041F00, image[:256])  # as the boot ROM does it
        self._uc.reg_write(arm_const.UC_ARM_REG_SP, 0x20041F00)
        return 0x20041F01

    def _read(self, _uc: Uc, offset: int, _size: int, origin: int) -> int:
        return self.chip.read(origin + offset)

    def _write(self, _uc: Uc, offset: int, _size: int, value: int, origin: int) -> None:
        self.chip.write(origin + offset, value)

    def run_to_main(self) -> None:
        """Boot stage, clocks, variables, UART: everything before the program. Raises UcError when it gets lost."""
        self._uc.emu_start(self._pc, self._main, count=200_000)
        assert self._uc.reg_read(arm_const.UC_ARM_REG_PC) == self._main, "main is not reached"
        self._pc = self._main | 1

    def serve(self) -> None:
        self._thread.start()

    def _run(self) -> None:
        try:
            while not self._closed.is_set():
                self._slice()
        except UcError as error:
            self._failed = error

    def _slice(self) -> None:
        self._uc.emu_start(self._pc, RETURN, count=SLICE)
        self._pc = self._uc.reg_read(arm_const.UC_ARM_REG_PC) | 1
        waits = bytes(self._uc.mem_read((self._pc & ~1) - 2, 2)) == b"\x30\xbf"  # behind a wfi
        if waits and self._masked():
            while self.chip.arrived.empty() and not self._closed.is_set():
                self._closed.wait(0.001)
            while self._masked():  # up to cpsie, behind which it is taken
                self._uc.emu_start(self._pc, RETURN, count=1)
                self._pc = self._uc.reg_read(arm_const.UC_ARM_REG_PC) | 1
        if not self.chip.arrived.empty() and self.chip.listening() and not self._masked():
            self.chip.received.append(self.chip.arrived.get())
            self._take_interrupt()

    def _masked(self) -> bool:
        return bool(self._uc.reg_read(arm_const.UC_ARM_REG_PRIMASK))

    def _take_interrupt(self) -> None:
        """What the core saves and restores around a handler, and more."""
        saved = self._uc.context_save()
        self._uc.reg_write(arm_const.UC_ARM_REG_LR, RETURN | 1)
        self._uc.emu_start(self._interrupt, RETURN, count=10_000)
        assert self._uc.reg_read(arm_const.UC_ARM_REG_PC) == RETURN
        self._uc.context_restore(saved)

    def read(self, size: int) -> bytes:
        if self._failed is not None:
            raise OSError(f"the program got lost: {self._failed}")
        data = bytearray()
        try:
            data.append(self.chip.sent.get(timeout=self.timeout))
            while len(data) < size:
                data.append(self.chip.sent.get_nowait())
        except queue.Empty:
            pass
        return bytes(data)

    def write(self, data: bytes) -> int:
        for byte in data:
            self.chip.arrived.put(byte)
        return len(data)

    def word(self, address: int) -> int:
        return int.from_bytes(self._uc.mem_read(address, 4), "little")

    def close(self) -> None:
        self._closed.set()
        if self._thread.is_alive():
            self._uc.emu_stop()
            self._thread.join(20)
