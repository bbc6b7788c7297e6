"""Recurrent layers, attention, CRF: Keras layers equal on TensorFlow, JAX and torch."""

from zoo.layers.attention import ATTENTION, AdditiveAttention, ScaledDotAttention
from zoo.layers.block_options import BLOCKS
from zoo.layers.cells import CELLS
from zoo.layers.crf import CRF, CRFLoss
from zoo.layers.frames import EachFrame
from zoo.layers.heads import HEADS, Head, HeadLoss, Normal, Quantiles, StudentT, head_from
from zoo.layers.masks import LengthMask, MaskedPooling, OneHot, PaddingMask, TokenDropout
from zoo.layers.pairs import PairEmbedding
from zoo.layers.parallel import RGLRU, MinGRU, MinGRUCell, MinLSTM, MinLSTMCell, RGLRUCell
from zoo.layers.peephole import CoupledLSTM, CoupledLSTMCell, PeepholeLSTM, PeepholeLSTMCell
from zoo.layers.places import Positions
from zoo.layers.recurrent import GRU, LSTM, SimpleRNN
from zoo.layers.rnn import RNN
from zoo.layers.stack import Stack
from zoo.layers.tag_schemes import bio_transitions, bmes_transitions
from zoo.layers.tied import TiedEmbedding
from zoo.layers.weight_drop import EmbeddingDropout, WeightDrop

__all__ = [
    "ATTENTION",
    "BLOCKS",
    "CELLS",
    "CRF",
    "GRU",
    "HEADS",
    "LSTM",
    "RGLRU",
    "RNN",
    "AdditiveAttention",
    "CRFLoss",
    "CoupledLSTM",
    "CoupledLSTMCell",
    "EachFrame",
    "EmbeddingDropout",
    "Head",
    "HeadLoss",
    "LengthMask",
    "MaskedPooling",
    "MinGRU",
    "MinGRUCell",
    "MinLSTM",
    "MinLSTMCell",
    "Normal",
    "OneHot",
    "PaddingMask",
    "PairEmbedding",
    "PeepholeLSTM",
    "PeepholeLSTMCell",
    "Positions",
    "Quantiles",
    "RGLRUCell",
    "ScaledDotAttention",
    "SimpleRNN",
    "Stack",
    "StudentT",
    "TiedEmbedding",
    "TokenDropout",
    "WeightDrop",
    "bio_transitions",
    "bmes_transitions",
    "head_from",
]
