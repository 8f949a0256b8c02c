"""The command psi: the program in this package takes the place of this process."""

import os
import sys
from pathlib import Path


def main():
    program = Path(__file__).resolve().parent / "bin" / "psi"
    os.execv(program, ["psi", *sys.argv[1:]])
