"""The data contract: a data set is a folder of shards, and every tool reads and writes it here.

::

    DATASET/
      dataset.json       what made it; written first
      shards/00000.h5    clips, a group each; whole as soon as it bears this name, never rewritten
      labels/NAME.h5     what was added later, a group per clip; replaced whole
      splits/NAME.json   which clip belongs to which part

`contract` says what a clip holds, `writer` and `reader` move clips to and from shards, `places`
reads small parts of many clips fast, `folder` keeps what stands around them.
"""

from simbinaural.shards.contract import ClipData, clip_faults
from simbinaural.shards.folder import PARTS, read_info, read_split, write_info, write_split
from simbinaural.shards.places import PartReader
from simbinaural.shards.reader import Clip, Dataset, open_dataset
from simbinaural.shards.writer import join_parts, write_labels, write_shard

__all__ = [
    "PARTS",
    "Clip",
    "ClipData",
    "Dataset",
    "PartReader",
    "clip_faults",
    "join_parts",
    "open_dataset",
    "read_info",
    "read_split",
    "write_info",
    "write_labels",
    "write_shard",
    "write_split",
]
