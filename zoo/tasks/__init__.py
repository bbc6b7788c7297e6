"""One file per kind of task: how raw data become arrays, and outputs become plain answers.

Every task module has the same functions, and the rest of the zoo knows no others:

    specify(data, fit)               what is saved beside the weights: vocabularies, labels
    sizes(spec)                      the builder arguments that follow from it
    loss(model)                      the training loss
    batches(split, spec, fit, ...)   `Batches` of (x, y, weights)
    read(raw, spec)                  a user's strings or paths as inputs
    answer(model, inputs, spec)      a list of {"output": ..., ...}, one for each input
    evaluate(model, split, spec)     {metric: value}

and, where one input is a whole series:

    own_input(split, spec)           the input to show when the user gives none

and, where one file holds many inputs:

    contents(raw, spec)              [(name, input)] of all of them; `read` gives the inputs alone

and, where a split is no list of items, tuple of columns, text or series (`zoo.tasks.splits`):

    first(split, rows)               a small split
    joined(data, spec)               all splits of a user's file as one
    examples(model, split, spec)     [{input, output, truth, right}], the examples of a card
    size(split)                      how many items it has

and, where weights should not begin at random:

    begin(model, data, spec)         set them, before the first step of training

and, where a model is driven step by step, so that an export of it is its steps:

    stepwise = True

and, where answers are drawn in a way of their own:

    picture(rows, inputs, spec, title)   a matplotlib Figure
"""
