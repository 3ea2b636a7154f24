"""Reports of many runs side by side, in the form of 002's Table 2.

A row for each network, in the paper's order; for each set of test clips a pair of columns, STFT and
ENV. Numbers of different clips, splits or conventions never share a column.
"""

import csv
import io
from pathlib import Path

from models.evaluation.report import read_reports
from simbinaural.errors import require

METHODS = {
    "mono-mono": "Mono-Mono",
    "audio-only": "Audio-Only",
    "mono2binaural": "Mono2Binaural",
    "apnet": "APNet",
}
"""What the paper calls the networks, in its order; others follow under their own names."""

MEASURES = {"STFT": "stft_distance", "ENV": "env_distance"}


def collect(folders, *, normalized=False):
    """Read the reports of runs into a table.

    Parameters
    ----------
    folders : sequence of path-like
        Of runs; each may hold several reports.
    normalized : bool
        Whether truth and prediction were divided by their peaks (Sep-Stereo, PseudoBinaural) or
        not (2.5D Visual Sound).

    Returns
    -------
    columns : list of str
        Sets of clips, such as ``sim, split scene, test, 24 clips``.
    rows : list of (str, dict)
        Name of the method, and by column a dict of ``STFT`` and ``ENV`` to (mean, standard error).

    Raises
    ------
    InputError
        If a folder has no report.
    """
    require(folders, "runs must be at least one folder, got none")
    columns, rows = [], {}
    for folder in folders:
        for report in read_reports(folder):
            column = _column(report)
            if column not in columns:
                columns.append(column)
            label = _free_label(rows, _label(report), column, Path(folder).name)
            rows.setdefault(label, {})[column] = _cells(report, normalized)
    return columns, sorted(rows.items(), key=lambda row: _rank(row[0]))


def as_markdown(columns, rows):
    """Write a table as Markdown: a header of two lines in one, the best mean of a column bold."""
    best = {
        (column, name): min(row[column][name][0] for _, row in rows if column in row)
        for column in columns
        for name in MEASURES
    }
    head = ["", *(f"{name} ({column})" for column in columns for name in MEASURES)]
    lines = [head, ["---", *["---:"] * (len(head) - 1)]]
    for label, row in rows:
        cells = [
            _text(*row[column][name], bold=row[column][name][0] == best[column, name])
            if column in row
            else "n/a"
            for column in columns
            for name in MEASURES
        ]
        lines.append([label, *cells])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def as_csv(columns, rows):
    """Write a table as CSV: two columns of numbers, mean and standard error, for each measure."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    heads = [f"{name} ({column})" for column in columns for name in MEASURES]
    writer.writerow(["method", *(each for head in heads for each in (head, f"{head} error"))])
    for label, row in rows:
        empty = dict.fromkeys(MEASURES, ("", ""))
        cells = [
            number
            for column in columns
            for name in MEASURES
            for number in row.get(column, empty)[name]
        ]
        writer.writerow([label, *("" if number is None else number for number in cells)])
    return file.getvalue()


def _column(report):
    """Say which clips were measured, and how."""
    data = report.get("data") or "unknown data"
    names = [data] if isinstance(data, str) else data
    parts = [" + ".join(Path(name).name or name for name in names)]
    if report.get("split"):
        parts += [f"split {report['split']}", report.get("part") or "all"]
    parts.append(f"{report['n_clips']} clips")
    return ", ".join(parts + ["legacy"] * bool(report.get("legacy")))


def _label(report):
    name = METHODS.get(report["network"], report["network"])
    return f"Flipped-Visual ({name})" if report.get("flip_visual") else name


def _free_label(rows, label, column, run):
    """Tell runs of the same network on the same clips apart by their folders."""
    return f"{label} [{run}]" if column in rows.get(label, {}) else label


def _cells(report, normalized):
    suffix = "_normalized" if normalized else ""
    found = {name: report["measures"][f"{measure}{suffix}"] for name, measure in MEASURES.items()}
    return {name: (each["mean"], each["standard_error"]) for name, each in found.items()}


def _rank(label):
    """Place of a row: the paper has flipped pictures between the baselines and what looks."""
    names = list(METHODS.values())
    if label.startswith("Flipped-Visual"):
        return (1.5, label)
    name = label.split(" [")[0]
    return (names.index(name) if name in names else len(names), label)


def _text(mean, error, *, bold):
    text = f"{mean:.3f}" if error is None else f"{mean:.3f} ± {error:.3f}"
    return f"**{text}**" if bold else text
