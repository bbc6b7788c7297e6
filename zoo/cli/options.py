"""What every verb shares: backend, device, precision, JSON, and errors as one line."""

import functools
import os
import sys
import tempfile
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Annotated

import typer

from zoo.cli import output
from zoo.errors import InputError, TrainingError, missing

BACKENDS = {"tensorflow": "export", "jax": "jax", "torch": "torch"}  # and the extra of each

Backend = Annotated[str | None, typer.Option(help="tensorflow, jax or torch.")]
Device = Annotated[str | None, typer.Option(help="cpu, gpu, or gpu:1 and so on.")]
Precision = Annotated[str | None, typer.Option(help="float32, float16 or bfloat16.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
Name = Annotated[str, typer.Argument(help="A model's name, or the folder of a trained one.")]

app = typer.Typer(
    name="zoo",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@dataclass(frozen=True)
class Session:
    """The shared options of one command."""

    backend: str | None = None
    device: str | None = None
    precision: str | None = None
    as_json: bool = False

    def start(self):
        """Choose backend, device and precision: before the first import of Keras."""
        choose_backend(self.backend)
        with muted():
            import keras  # noqa: F401
        if self.device or self.precision:
            from zoo import backends

            if self.device:
                backends.use_device(self.device)
            if self.precision:
                backends.use_precision(self.precision)

    @contextmanager
    def working(self, start=True):
        """Whatever is printed inside goes to standard error: the answer alone goes to output."""
        with redirect_stdout(sys.stderr):
            if start:
                self.start()
            yield

    def report(self, document, show):
        """Print `document` as JSON, or let `show(document)` make lines of it."""
        output.say(output.to_json(document) if self.as_json else show(document))


def session(context, backend, device, precision, as_json) -> Session:
    """The options behind the verb, and where there are none, those before it."""
    given = {"backend": backend, "device": device, "precision": precision, "as_json": as_json}
    return replace(context.obj or Session(), **{k: v for k, v in given.items() if v})


def choose_backend(wanted=None):
    """Set `KERAS_BACKEND`: `wanted`, else as it is, else the first that is installed.

    Raises `InputError` for an unknown one, one that is not installed, and for another one than
    the process runs already.
    """
    name = wanted or os.environ.get("KERAS_BACKEND") or _installed()
    if name not in BACKENDS:
        raise InputError(
            f"backend {name!r} is not one of {', '.join(BACKENDS)}: choose one of them"
        )
    if find_spec(name) is None:
        raise missing(name, BACKENDS[name])
    if "keras" in sys.modules and (runs := sys.modules["keras"].backend.backend()) != name:
        raise InputError(f"backend {name!r}: this process runs {runs} already; start a new one")
    os.environ["KERAS_BACKEND"] = name
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # errors only: the rest is no news


@contextmanager
def muted():
    """Keep back what libraries write to standard error while they load, unless loading fails.

    TensorFlow reports there that it found no GPU, before any setting of its can stop it.
    """
    with tempfile.TemporaryFile() as said:
        kept = os.dup(2)
        os.dup2(said.fileno(), 2)
        try:
            yield
        except (InputError, KeyboardInterrupt):
            raise
        except BaseException:
            said.seek(0)
            os.write(kept, said.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def _installed():
    return next((name for name in BACKENDS if find_spec(name)), "tensorflow")


def verb(name):
    """Register a function as `zoo NAME`, its errors told in one line."""

    def decorate(function):
        @app.command(name)
        @functools.wraps(function)
        def guarded(*arguments, **options):
            with errors_as_lines():
                return function(*arguments, **options)

        return guarded

    return decorate


@contextmanager
def errors_as_lines():
    """Exit with status 2 for what the user can correct, 1 for training, 130 when stopped."""
    try:
        yield
    except (InputError, TrainingError) as error:
        _fail(error, 2 if isinstance(error, InputError) else 1)
    except ModuleNotFoundError as error:
        if error.name not in BACKENDS:
            raise
        _fail(missing(error.name, BACKENDS[error.name]), 2)
    except BrokenPipeError:
        raise  # `zoo list | head`: typer ends quietly
    except OSError as error:
        _fail(f"{error.filename or 'file'}: {error.strerror}, expected to use it: check it", 2)
    except KeyboardInterrupt as error:
        _fail("; ".join(["stopped", *map(str, error.args)]), 130)


def _fail(message, status):
    line = " ".join(str(message).split())
    print(f"zoo: {line}", file=sys.stderr)
    raise typer.Exit(status)


@app.callback()
def shared(
    context: typer.Context,
    backend: Backend = None,
    device: Device = None,
    precision: Precision = None,
    as_json: Json = False,
):
    """RNN Zoo: recurrent networks in Keras, trained, on TensorFlow, JAX and torch.

    The options below may stand before or behind the verb.
    """
    context.obj = Session(backend, device, precision, as_json)
