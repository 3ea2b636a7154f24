"""What an evaluation found: printed, written, read again."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.evaluation.measures import AZIMUTH_EDGES_DEG, mean_and_error, share_and_error
from simbinaural.errors import InputError
from simbinaural.shards.writer import replacing

NAME = "evaluation"


@dataclass(frozen=True)
class Report:
    """Measures of all clips.

    Attributes
    ----------
    about : dict
        ``network``, ``data``, ``split``, ``part``, ``legacy``, ``flip_visual`` and the like.
    clips : tuple of dict
        Of each clip ``clip`` (its name), and what `models.evaluation.measures.measure_clip` found.
    """

    about: dict
    clips: tuple

    def measures(self):
        """Means over clips: dict of name to (mean, standard error)."""
        names = self.clips[0]["measures"]
        found = {
            name: mean_and_error([clip["measures"][name] for clip in self.clips]) for name in names
        }
        sides = self._sides()
        if sides["windows"].sum():
            found["side"] = share_and_error(sides["right"], sides["windows"])
            found["side_of_truth"] = share_and_error(sides["true"], sides["windows"])
        return found

    def by_azimuth(self):
        """Errors of cues by the source's azimuth.

        Returns
        -------
        dict of str to (bins,) numpy.ndarray, or None
            ``azimuth_deg`` (middle of each bin that has windows), ``windows``, the means
            ``ild_bias_db``, ``ild_error_db``, ``itd_bias_s``, ``itd_error_s``; None where no
            azimuth is known.
        """
        sums = sum(clip["by_azimuth"] for clip in self.clips if "by_azimuth" in clip)
        if not np.sum(sums):
            return None
        middles = (AZIMUTH_EDGES_DEG[1:] + AZIMUTH_EDGES_DEG[:-1]) / 2
        there = sums[:, 0] > 0
        means = sums[there, 1:] / sums[there, :1]
        names = ("ild_bias_db", "ild_error_db", "itd_bias_s", "itd_error_s")
        found = {"azimuth_deg": middles[there], "windows": sums[there, 0].astype(int)}
        return found | dict(zip(names, means.T, strict=True))

    def lines(self):
        """One line for each measure: ``name value ± error``."""
        return [
            f"{name} {mean:.4g} ± {error:.2g}" for name, (mean, error) in self.measures().items()
        ]

    def content(self):
        """What `write` writes, of JSON's own types; what is not finite becomes None."""
        measures = self.measures()
        content = {
            **self.about,
            "n_clips": len(self.clips),
            "measures": {
                name: {"mean": mean, "standard_error": error}
                for name, (mean, error) in measures.items()
            },
        }
        if "side" in measures:
            content["side"] = measures["side"][0]
            content["side_windows"] = int(self._sides()["windows"].sum())
        if (by_azimuth := self.by_azimuth()) is not None:
            content["by_azimuth"] = {name: each.tolist() for name, each in by_azimuth.items()}
        content["clips"] = [{"clip": clip["clip"], **clip["measures"]} for clip in self.clips]
        return _finite(content)

    def write(self, folder):
        """Write the report into a folder, by the name `report_name`; return its path."""
        path = Path(folder) / report_name(
            legacy=self.about.get("legacy"), flip_visual=self.about.get("flip_visual")
        )
        with replacing(path) as temporary:
            content = json.dumps(self.content(), indent=1, ensure_ascii=False, allow_nan=False)
            temporary.write_text(content + "\n", encoding="utf-8")
        return path

    def _sides(self):
        counted = [clip["side"] for clip in self.clips if "side" in clip]
        names = ("windows", "right", "true")
        return {name: np.array([each[name] for each in counted]) for name in names}


def report_name(*, legacy=False, flip_visual=False):
    """Name of a report's file: ``evaluation.json``, or another that does not replace it."""
    marks = ["-flipped"] * bool(flip_visual) + ["-legacy"] * bool(legacy)
    return "".join([NAME, *marks, ".json"])


def read_reports(folder):
    """Read all reports in a folder.

    Parameters
    ----------
    folder : path-like
        Of a run.

    Returns
    -------
    list of dict
        As `Report.content`, by file name.

    Raises
    ------
    InputError
        If there is none, or a file is no report.
    """
    paths = sorted(Path(folder).glob(f"{NAME}*.json"))
    if not paths:
        raise InputError(f"{folder}: has no {report_name()}; make it with models evaluate")
    return [_read(path) for path in paths]


def _read(path):
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: is not valid JSON ({error})") from None
    if not isinstance(content, dict) or not {"network", "measures", "n_clips"} <= content.keys():
        raise InputError(f"{path}: is not a report of models evaluate; make it again")
    return content


def _finite(content):
    """Replace what JSON cannot say by None."""
    if isinstance(content, dict):
        return {name: _finite(each) for name, each in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(each) for each in content]
    if isinstance(content, float):
        return content if np.isfinite(content) else None
    return content
