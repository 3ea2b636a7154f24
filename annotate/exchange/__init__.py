"""Answers as files that other tools read and write.

`pictures` names what was labelled so that the name leads back to the clip; `own`, `coco`, `via`,
`cvat` and `label_studio` read and write one format each; `export` and `merge` move answers between
such files and a store.
"""

FORMATS = ("own", "coco", "via", "via-csv", "cvat", "label-studio")
"""Names of the formats."""
