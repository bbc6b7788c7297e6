"""Train and score every shipped model again; `scripts/reproduce_all.sh` says how to call it."""

import argparse
import json
import shlex
import subprocess
import sys
from pathlib import Path

from zoo import files, store

SHIP = Path(__file__).resolve().parent / "ship.py"
ZOO = [sys.executable, "-m", "zoo"]
EVALUATED = 0.002  # 0.2 points of a share; of what is larger than 1, 0.2%
TRAINED = 0.02  # another machine trains to other weights: or three deviations over the seeds
DROPPED = {"--out": 1, "--seed": 1, "--resume": 0}  # words of a card's command, and their values


def cards(names, home=store.SHIPPED) -> list[dict]:
    """The cards of the shipped models, all or those named."""
    there = sorted(path.parent.name for path in Path(home).glob("*/card.json"))
    if unknown := sorted(set(names) - set(there)):
        sys.exit(f"reproduce: {unknown[0]!r} is not one of {', '.join(there)}: choose one of them")
    return [files.read_json(Path(home) / name / "card.json") for name in names or there]


def training(card, folder):
    """[(run folder, command)] that trains every seed of a card."""
    words, kept = shlex.split(card["command"])[1:], []
    while words:
        word = words.pop(0)
        if word in DROPPED:
            del words[: DROPPED[word]]
        else:
            kept.append(word)
    backend = card["environment"].get("backend")
    if backend and "--backend" not in kept:
        kept += ["--backend", backend]
    runs = []
    for seed in [row["seed"] for row in card.get("seeds", [card])]:
        run = Path(folder) / "runs" / f"{card['name']}-{seed}"
        runs.append((run, [*ZOO, *kept, "--seed", str(seed), "--out", str(run)]))
    return runs


def shipping(card, folder, runs):
    """The command that ships these runs into `folder`."""
    half = ["--float16"] if card.get("stored_as") == "float16" else []
    paths = [str(run) for run, _ in runs]
    return [sys.executable, str(SHIP), card["name"], *paths, "--home", str(folder), *half]


def call(command, dry):
    """Run a command, its output shown, or only print it; True where it ended well."""
    print(f"$ {shlex.join(command)}", flush=True)
    return dry or subprocess.run(command).returncode == 0


def train_all(found, folder, dry) -> bool:
    """Train, ship and compare every model; True where all are as their cards say."""
    good = True
    for card in found:
        runs = training(card, folder)
        done = all([call(command, dry) for _, command in runs])
        done = done and call(shipping(card, folder, runs), dry)
        if dry:
            continue
        new = store.read_card(Path(folder) / card["name"]) if done else {}
        allowed = max(TRAINED * abs(_mean(card)), 3 * (card.get("spread") or 0))
        good &= told(card, _mean(new), _mean(card), allowed, "trained again")
    return good


def _mean(card):
    return card.get("mean", card.get("value"))


def evaluate_all(found, backends, dry) -> bool:
    """Score every model on every backend; True where all are as their cards say."""
    good = True
    for card in found:
        for backend in backends:
            place = str(store.SHIPPED / card["name"])
            command = [*ZOO, "evaluate", place, "--backend", backend, "--json"]
            print(f"$ {shlex.join(command)}", flush=True)
            if dry:
                continue
            run = subprocess.run(command, stdout=subprocess.PIPE, text=True)
            value = json.loads(run.stdout)["value"] if run.returncode == 0 else None
            allowed = EVALUATED * max(1.0, abs(card["value"]))
            good &= told(card, value, card["value"], allowed, backend)
    return good


def told(card, value, expected, allowed, what) -> bool:
    """Print one comparison; True where the value is near enough."""
    good = value is not None and abs(value - expected) <= allowed
    found = "failed" if value is None else f"{value:.6g}"
    mark = "ok" if good else "DIFFERS"
    print(
        f"{mark:8}{card['name']}: {card['metric']} {found}, the card says {expected:.6g} "
        f"(within {allowed:.2g}; {what})",
        flush=True,
    )
    return good


def main():
    parser = argparse.ArgumentParser(prog="reproduce_all.sh", description=__doc__.split(";")[0])
    parser.add_argument("names", nargs="*", metavar="FOLDER | NAME")
    parser.add_argument("--evaluate", action="store_true", help="score only, train nothing")
    parser.add_argument("--backends", default="tensorflow,jax,torch", help="for --evaluate")
    parser.add_argument("--dry-run", action="store_true", help="print the commands")
    given = parser.parse_args()
    if given.evaluate:
        good = evaluate_all(cards(given.names), given.backends.split(","), given.dry_run)
    elif given.names:
        folder, *names = given.names
        good = train_all(cards(names), folder, given.dry_run)
    else:
        parser.error("expected a folder to ship into, or --evaluate")
    sys.exit(not good)


if __name__ == "__main__":
    main()
