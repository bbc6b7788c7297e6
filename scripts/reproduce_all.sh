#!/bin/sh
# Every figure of the README again.
#
#   scripts/reproduce_all.sh FOLDER [NAME ...]        train each recipe with the command of its card,
#                                                     every seed, ship it into FOLDER, and compare
#   scripts/reproduce_all.sh --evaluate [NAME ...]    score the shipped weights on each backend of
#     [--backends tensorflow,jax,torch]               --backends; fails where one differs
#   ... --dry-run                                     print the commands, run none
#
# Training everything takes hours; the times stand in the cards.
root=$(cd "$(dirname "$0")/.." && pwd)
[ -n "$PYTHON" ] || PYTHON=$([ -x "$root/.venv/bin/python" ] && echo "$root/.venv/bin/python" || echo python)
exec "$PYTHON" "$root/scripts/reproduce.py" "$@"
