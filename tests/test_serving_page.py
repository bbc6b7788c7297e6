"""The examples of docs/serving.md: they can be read, and name what the models really have."""

import json
import re
from dataclasses import asdict
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import zoo
from zoo import serving

PAGE = (Path(zoo.__file__).parents[1] / "docs" / "serving.md").read_text(encoding="utf-8")
# A comment says what the block behind it is: the kind of example, a model, "step" or "whole".
EXAMPLES = re.findall(r"<!-- (\w+): (\w+)(?:, (\w+))? -->\n```\w+\n(.*?)```", PAGE, re.DOTALL)
TYPES = {"float32": "FP32", "int32": "INT32"}


def example(kind, model):
    """The text of the only example of a kind for a model."""
    ((_, _, _, text),) = [e for e in EXAMPLES if e[:2] == (kind, model)]
    return text


def parse(text):
    """A message in protobuf's text format as {field: [values]}, whatever the schema."""
    tokens = re.findall(r'\w+|-\d+|"[^"]*"|[][{}:,]', text)
    assert "".join(tokens) == re.sub(r"\s", "", text), "something is no token"
    return _message(tokens, None)


def _message(tokens, end):
    found = {}
    while (name := tokens.pop(0) if tokens else None) != end:
        assert re.fullmatch(r"[a-z_0-9]+", name), name
        if tokens[0] == ":":
            tokens.pop(0)
        found.setdefault(name, []).extend(_values(tokens))
    return found


def _values(tokens):
    first = tokens.pop(0)
    if first == "{":
        return [_message(tokens, "}")]
    if first != "[":
        assert re.fullmatch(r'\w+|-\d+|"[^"]*"', first), first
        return [first.strip('"')]
    found = []
    while tokens[0] != "]":
        found += _values(tokens)
        if tokens[0] == ",":
            tokens.pop(0)
    tokens.pop(0)
    return found


@cache
def tensors(name, piece):
    """({name: (type, dims)} of the inputs, of the outputs, of the state in, of the state out)."""
    model = zoo.create_model(name)
    graph = zoo.streaming(model).model if piece == "step" else model
    own = [len(model.inputs), len(model.outputs)]
    names = [[t.name for t in model.inputs], model.output_names]
    parts = [graph.inputs, graph.outputs]
    whole = [
        {n: _described(t) for n, t in zip(names, part, strict=False)}
        for names, part in zip(names, parts, strict=True)
    ]
    state = [
        {f"{new}{k}": _described(t) for k, t in enumerate(part[count:])}
        for new, part, count in zip(("state_in", "state_out"), parts, own, strict=True)
    ]
    return *whole, *state


def _described(tensor):
    dims = [-1 if size is None else size for size in tensor.shape[1:]]
    return TYPES[tensor.dtype], dims


def declared(entries, name="name"):
    """{name: (type, dims)} of what a configuration declares."""
    return {
        e[name][0]: (e["data_type"][0].removeprefix("TYPE_"), [int(d) for d in e["dims"]])
        for e in entries
    }


@pytest.mark.parametrize(
    "name, piece, text", [e[1:] for e in EXAMPLES if e[0] == "triton"], ids=lambda x: str(x)[:8]
)
def test_a_triton_configuration_declares_the_tensors_of_the_graph(name, piece, text):
    config = parse(text)
    assert config["name"] == [name] and config["backend"] == ["onnxruntime"]
    assert config.get("default_model_filename", ["model.onnx"]) == [
        "step.onnx" if piece == "step" else "model.onnx"
    ]
    inputs, outputs, state_in, state_out = tensors(name, piece)
    assert declared(config["input"]) == inputs
    assert declared(config["output"]) == outputs
    states = config.get("sequence_batching", [{}])[0].get("state", [])
    assert declared(states, "input_name") == state_in
    assert declared(states, "output_name") == state_out
    zeros = [s["initial_state"][0] for s in states]
    assert list(declared(zeros).values()) == list(state_in.values())
    assert [z["zero_data"] for z in zeros] == [["true"]] * len(states)


def test_both_kinds_of_model_are_shown():
    assert {e[2] for e in EXAMPLES if e[0] == "triton"} == {"whole", "step"}


def test_a_request_to_tensorflow_serving_has_the_inputs_of_the_signature():
    request = json.loads(example("request", "vowels"))
    inputs, *_ = tensors("vowels", "whole")
    assert set(request["inputs"]) == set(inputs)
    for name, (_, dims) in inputs.items():
        shape = np.shape(request["inputs"][name])[1:]
        assert len(shape) == len(dims)
        assert all(b in (a, -1) for a, b in zip(shape, dims, strict=True))
    assert np.shape(request["inputs"]["sequence"])[0] == len(request["inputs"]["lengths"])


def test_a_request_to_triton_has_the_tensors_of_the_step():
    request = json.loads(example("infer", "char_lm"))
    inputs, outputs, *_ = tensors("char_lm", "step")
    assert {x["name"] for x in request["inputs"]} == set(inputs)
    assert {x["name"] for x in request["outputs"]} == set(outputs)
    for tensor in request["inputs"]:
        assert tensor["datatype"] == inputs[tensor["name"]][0]
        assert np.prod(tensor["shape"]) == len(tensor["data"])
        assert len(tensor["shape"]) == 1 + len(inputs[tensor["name"]][1])


@pytest.mark.neutral
def test_every_configuration_can_be_read():
    read = [parse(block) for block in re.findall(r"```proto\n(.*?)```", PAGE, re.DOTALL)]
    (models,) = [c["model_config_list"][0]["config"] for c in read if "model_config_list" in c]
    assert [c["name"] for c in models] == [["vowels"], ["spam"]]
    versions = models[0]["model_version_policy"][0]["specific"][0]["versions"]
    assert [label["value"][0] for label in models[0]["version_labels"]] == versions
    (served,) = json.loads(example("ovms", "spam"))["model_config_list"]
    assert served["config"]["base_path"] == "/models/spam"


@pytest.mark.neutral
def test_the_limits_of_the_page_are_those_of_the_server():
    table = PAGE.partition("| status |")[2].partition("\n\n")[0]
    shown = dict(re.findall(r"--(\w+) (\d+)", table))
    limits = asdict(serving.Limits())
    assert {name: float(value) for name, value in shown.items()} == {
        name: limits[name] for name in shown
    }
    assert set(limits) - set(shown) == {"connections", "rows", "wait"}
    assert f"up to {limits['rows']} inputs" in PAGE.replace("\n", " ")
    assert f"waits {limits['wait'] * 1000:g} ms" in PAGE.replace("\n", " ")
