"""Where does it go? A few frames of a game's figure in, one of four diagonal directions out.

    zoo train sprite_direction                a minute or two on one core
    zoo train sprite_direction --fold 2       the second fifth of the figures held out

The companion of `sprite_video` in which a frame is as good as a clip, and neither is good: on
figures that it never saw it is right in four of ten (docs/video.md), so no weights ship. A clip
turned round goes the other way, so its label is turned too.
"""

from zoo.data import clip_files, video
from zoo.models.many_to_one import many_to_one
from zoo.recipes.sprite_video import SIZE, baseline
from zoo.registry import Fit, Recipe, register
from zoo.tasks import video_label


def load(path=None, *, fold=None):
    if path is None:
        return video.directions(video.FOLD if fold is None else fold)
    return clip_files.read_labelled_clips(path, SIZE)


register(
    Recipe(
        name="sprite_direction",
        architecture="many_to_one",
        summary="in which diagonal direction a figure of a game goes, from a few frames",
        task=video_label,
        builder=many_to_one,
        load=load,
        options=dict(
            filters=(8, 16, 32),
            cell="gru",
            units=64,
            direction="bidirectional",
            readout="mean",
            dropout=0.3,
            lengths=True,
        ),
        sizes=dict(frames=(20, 20, 3), classes=4),
        fit=Fit(
            epochs=40,
            batch_size=32,
            learning_rate=2e-3,
            schedule="cosine",
            keep="last",
            window=5,
            channels=("colour",),
            shrink=2,
            shift=3,
            mirror=(("SW", "SE"), ("NW", "NE")),
        ),
        metric="balanced accuracy",
        baseline=baseline,
        baseline_name="logistic regression on the mean frame",
        data_name="sprites",
        own_data="a folder with a folder for each class, in it clips: folders of frames, or GIFs",
        shipped_options=("fold",),
    )
)
