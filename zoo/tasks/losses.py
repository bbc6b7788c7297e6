"""The losses that tasks name: Keras is imported when training asks for one, not before."""


def cross_entropy(model):
    """Of logits against class or token ids."""
    from zoo.layers import losses

    return losses.cross_entropy()


def squared_error(model):
    """Of real values."""
    from zoo.layers import losses

    return losses.squared_error()
