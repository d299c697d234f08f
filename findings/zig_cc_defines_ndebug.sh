#!/usr/bin/env bash
# zig cc: NDEBUG, and the processor it compiles for.
#
# Guess:   zig cc -O2 is clang with a C library at hand: assert() works, and the program is for any x86-64 processor.
# Really:  from -O1 on zig cc defines NDEBUG, so that assert() is gone and a C test that uses it cannot fail; -UNDEBUG
#          brings it back. Without -target and -mcpu it compiles for the processor of this very computer: where that has
#          fused multiplications, a * b + c is rounded once and gives other floats than gcc -O2. -mcpu=baseline does not.
# Versions: ziglang 0.17.0 from PyPI, x86-64 Linux (glibc).
# Exit code: 0 where all of this is so, 1 where something has changed. The floats are looked at where gcc and FMA exist.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "ziglang==0.17.0"
export ZIG_GLOBAL_CACHE_DIR="$folder/cache" ZIG_LOCAL_CACHE_DIR="$folder/cache"
cd "$folder"
zig() { "$folder/venv/bin/python" -m ziglang "$@"; }
changed=0
expect() { # what, got, expected
  echo "$1: exit code $2"
  [ "$2" = "$3" ] || { echo "  has changed: it was $3"; changed=1; }
}
exit_code() { # of a program; its message (of an assert) is not needed
  local code=0
  ("./$1") 2>/dev/null || code=$?
  echo "$code"
}
echo "ziglang $(zig version), $(uname -m)"
printf '#include <assert.h>\nint main(void) { assert(1 + 1 == 3); return 0; }\n' >false.c
for flags in "-O0" "-O1" "-O2" "-Os" "-O2 -UNDEBUG"; do
  # shellcheck disable=SC2086
  zig cc $flags false.c -o false
  case $flags in -O0 | *-UNDEBUG) expected=134 ;; *) expected=0 ;; esac # 134: aborted by the assert
  expect "assert(1 + 1 == 3) with $flags" "$(exit_code false)" "$expected"
done
cat >fused.c <<'C'
static float __attribute__((noinline)) sum(float a, float b, float c) { return a * b + c; }
int main(void)
{
    volatile float a = 1.1f, b = 1.3f;
    volatile float c = -(a * b);
    return sum(a, b, c) != 0.0f; /* 1: the product was not rounded before the sum */
}
C
if [ "$(uname -m)" = x86_64 ] && grep -qw fma /proc/cpuinfo && command -v gcc >/dev/null; then
  gcc -O2 fused.c -o fused
  expect "a * b - a * b fused, gcc -O2" "$(exit_code fused)" 0
  zig cc -O2 fused.c -o fused
  expect "a * b - a * b fused, zig cc -O2" "$(exit_code fused)" 1
  zig cc -O2 -mcpu=baseline fused.c -o fused
  expect "a * b - a * b fused, zig cc -O2 -mcpu=baseline" "$(exit_code fused)" 0
fi
exit "$changed"
