"""The two things that can be wrong before work starts: the input, or the installation."""

import re


class InputError(ValueError):
    """Input that cannot be used. The message is one line: the value, what was expected, the fix.

    The command line prints it as it is and exits with status 2.
    """


def missing(package: str, extra: str) -> InputError:
    """The error for a package that is not installed, with the line that installs it.

    >>> str(missing("torch", "torch"))
    "torch is not installed; install it with: pip install 'rnn-zoo[torch]'"
    """
    return InputError(
        f"{package} is not installed; install it with: pip install 'rnn-zoo[{extra}]'"
    )


class TrainingError(RuntimeError):
    """Training that cannot go on, with what is kept and what to change in one line."""


def one_line(error) -> str:
    """What an error says, in one line: of Keras's own the cause that it wraps in an explanation.

    >>> one_line(ValueError("Exception encountered when calling F.call().\\n\\nno such axis\\nx"))
    'no such axis'
    """
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error))  # without the codes of a terminal's colours
    lines = [line.strip() for line in text.split("\n") if line.strip()] or [repr(error)]
    return lines[1] if len(lines) > 1 and "Exception encountered" in lines[0] else lines[0]
