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
"""
