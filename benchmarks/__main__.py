"""`python -m benchmarks [NAME …]`: run every benchmark, or those named, one after the other."""

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "results"


def names():
    return sorted(path.stem for path in FOLDER.glob("[a-z]*.py"))


def main():
    chosen = sys.argv[1:] or names()
    unknown = set(chosen) - set(names())
    if unknown:
        sys.exit(f"No benchmark {', '.join(sorted(unknown))}. There are: {', '.join(names())}.")
    RESULTS.mkdir(exist_ok=True)
    failed = []
    for name in chosen:
        print(f"— {name}", flush=True)
        command = [
            sys.executable,
            "-m",
            f"benchmarks.{name}",
            "--json",
            str(RESULTS / f"{name}.json"),
        ]
        if subprocess.run(command, cwd=FOLDER.parent, check=False).returncode:
            failed.append(name)
    if failed:
        sys.exit(f"Failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
