"""Weight widths of a network: one for every weighted layer, as users write them and as figures name them."""

from __future__ import annotations

from edge_sast.errors import EdgeSastError

Bits = tuple[int, ...]  # one width of 1 to 8 for each weighted layer, in order


def parse_bits(text: str, layers: int) -> Bits:
    """Widths of `layers` weighted layers: "8" is that of all, "8,4,4,8" has one for each.

    Raises EdgeSastError naming --bits.
    """
    parts = text.split(",")
    wrong = any(part not in ("1", "2", "3", "4", "5", "6", "7", "8") for part in parts)
    if wrong or len(parts) not in (1, layers):
        choice = "1 to 8" if layers == 1 else f"1 to 8, or {layers} such widths, one per layer with weights"
        raise EdgeSastError(f"--bits is {text}; it must be {choice}")
    widths = tuple(map(int, parts))
    return widths * layers if len(parts) == 1 else widths


def bits_name(bits: Bits) -> str:
    """What figures call the integer pass of these widths: binary, int8, or int8-4-4-8 where they differ."""
    if len(set(bits)) > 1:
        return "int" + "-".join(map(str, bits))
    return "binary" if bits[0] == 1 else f"int{bits[0]}"
