"""The two things that can be wrong before work starts: the input, or the installation."""


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
