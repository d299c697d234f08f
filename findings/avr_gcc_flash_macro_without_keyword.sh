#!/usr/bin/env bash
# avr-gcc: the macro __FLASH and the keyword __flash.
#
# Guess:   where the macro __FLASH is defined, tables may be declared `const __flash`: code that asks `#ifdef __FLASH`
#          compiles with every -std=.
# Really:  in C the macro is always there, the keyword only with GNU's standards (-std=gnu99). With -std=c99 it is
#          an ordinary name, and the table's declaration a syntax error. What tells them apart is __STRICT_ANSI__, which
#          the strict standards define. C++ has neither macro nor keyword.
# Versions: gcc-avr 1:5.4.0+Atmel3.6.2-3 and binutils-avr 2.26.20160125+Atmel3.6.2-4 of Debian 12, x86-64. Needs
#          apt-get and dpkg of that Debian and its lists (apt-get update), no root.
# Exit code: 0 where all of this is so, 1 where something has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq "gcc-avr=1:5.4.0+Atmel3.6.2-3" "binutils-avr=2.26.20160125+Atmel3.6.2-4" 2>apt.log || { cat apt.log; exit 1; }
for package in ./*.deb; do dpkg -x "$package" root; done
changed=0
expect() { # what, got, expected
  echo "$1: $2"
  [ "$2" = "$3" ] || { echo "  has changed: it was $3"; changed=1; }
}
compile() { # a file, and options for avr-gcc: "compiles" or "refused"
  if root/usr/bin/avr-gcc -mmcu=atmega1284p -c "$@" -o object.o 2>/dev/null; then echo compiles; else echo refused; fi
}
root/usr/bin/avr-gcc --version | head -1
cat >asks_macro.c <<'C'
#ifdef __FLASH
#define TABLE const __flash
#else
#define TABLE const
#endif
TABLE int table[] = {1, 2, 3};
int second(void) { return table[1]; }
C
sed 's/ifdef __FLASH/if defined(__FLASH) \&\& !defined(__STRICT_ANSI__)/' asks_macro.c >asks_both.c
for standard in gnu90 gnu99 gnu11 c90 c99 c11; do
  case $standard in gnu*) expected=compiles ;; *) expected=refused ;; esac
  expect "#ifdef __FLASH, -std=$standard" "$(compile asks_macro.c "-std=$standard")" "$expected"
done
for standard in gnu99 c99 c11; do
  expect "and not __STRICT_ANSI__, -std=$standard" "$(compile asks_both.c "-std=$standard")" compiles
done
cp asks_macro.c asks_macro.cpp
expect "#ifdef __FLASH, C++" "$(compile asks_macro.cpp)" compiles
exit "$changed"
