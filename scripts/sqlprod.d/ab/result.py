"""The result: as a table, as Markdown, as JSON, as a plot."""

import json
import random
import statistics
import subprocess
import tempfile

from compare import blind, compare
from measures import MEASURES, TOTALS, verdict, written

# More variants than this are rows, not columns.
COLUMNS = 2
GNUPLOT = """set terminal {terminal} size 960,{height}
set output "{output}"
set title "{title}" noenhanced
set xlabel "{label}"
set xrange [0:{greatest}]
set yrange [{count}.5:0.5]
set ytics ({tics}) noenhanced
set grid xtics lc rgb "#dddddd"
set key outside bottom horizontal right
plot "{points}" using 1:2 with points pt 7 ps 1 lc rgb "#5580aa" title "a run", \\
	"{medians}" using 1:2:(0):(0.7) with vectors nohead lw 3 lc rgb "#cc4422" title "median"
"""


class Result:
    """variants: the first is A. runs: what was measured, by label. notes: how often what was to be said."""

    def __init__(self, plan, runs, notes):
        self.plan = plan
        self.variants = plan.variants
        self.labels = [variant.label for variant in plan.variants]
        self.base = {variant.label: variant.base for variant in plan.variants}
        self.runs = runs
        self.measures = [measure for measure in MEASURES
                         if any(self.values(label, measure) for label in runs)
                         and (measure.name != "socket_errors" or any(sum(self.values(label, measure)) for label in runs))]
        if any(measure.name == "requests" for measure in self.measures):
            self.measures = [measure for measure in self.measures if measure.name not in TOTALS]
        self.comparisons = {label: {measure.name: compare(self.values(self.base[label], measure), self.values(label, measure))
                                    for measure in self.measures} for label in self.labels[1:]}
        self.main = next((measure for measure in self.measures if measure.name in ("requests", "time")), None)
        self.notes = [text for text, _ in sorted(notes.items(), key=lambda note: -note[1])] + self.doubts()

    def good(self, label):
        return [run for run in self.runs[label] if not run["problem"]]

    def values(self, label, measure):
        return [run[measure.name] for run in self.good(label) if run.get(measure.name) is not None]

    def median(self, label, measure):
        values = self.values(label, measure)
        if measure.name == "wal" and values:
            return max(values)
        return statistics.median(values) if values else None

    def failed(self, label):
        return sum(1 for run in self.runs[label] if run["problem"])

    def locked(self, label):
        return sum(run.get("locked", 0) for run in self.runs[label])

    def problems(self):
        found = {}
        for label in self.labels:
            for run in self.runs[label]:
                if run["problem"]:
                    found[label, run["problem"]] = found.get((label, run["problem"]), 0) + 1
        return [f"{label}: {count} of {len(self.runs[label])} runs failed: {text}" for (label, text), count in found.items()]

    def doubts(self):
        """What the numbers cannot say."""
        if not self.main:
            return []
        found = []
        all_comparisons = [self.comparisons[label][self.main.name] for label in self.labels[1:]]
        if any(comparison["verdict"] == "few" for comparison in all_comparisons):
            found.append("too few good runs: only 5 or more of each variant can show a difference")
        reaches = [blind(comparison) for comparison in all_comparisons]
        if any(reaches):
            worst = max(reach for reach in reaches if reach)
            found.append(f"{self.main.title}: too noisy or too few rounds: a difference of up to {worst:.0%} would not be seen; "
                         f"a quieter machine or -n {self.plan.rounds * 4} sees half of that")
        return found

    def rows(self):
        """The table: lists of cells, the first of them the head."""
        return self.columns_table() if len(self.labels) <= COLUMNS else self.rows_table()

    def columns_table(self):
        rows = [[""] + self.labels]
        rows[0] += [cell for label in self.labels[1:] for cell in (f"{label} to A (95% interval)", "")]
        blanks = [""] * (2 * len(self.labels) - 2)
        rows.append(["runs that failed"] + [f"{self.failed(label)} of {len(self.runs[label])}" for label in self.labels] + blanks)
        rows.append(['lines "database is locked"'] + [str(self.locked(label)) for label in self.labels] + blanks)
        for measure in self.measures:
            row = [measure.title] + [written(measure, self.median(label, measure)) for label in self.labels]
            for label in self.labels[1:]:
                row += self.compared(label, measure)
            rows.append(row)
        return rows

    def rows_table(self):
        rows = [["", "failed", "locked", self.main.title if self.main else "", "ratio (95% interval)", ""]]
        for label in self.labels:
            row = [label, f"{self.failed(label)} of {len(self.runs[label])}", str(self.locked(label))]
            if self.main:
                row.append(written(self.main, self.median(label, self.main)))
                row += self.compared(label, self.main, " of " + self.base[label]) if label != "A" else ["", ""]
            rows.append(row)
        return rows

    def compared(self, label, measure, of=""):
        comparison = self.comparisons[label][measure.name]
        if not measure.less or not self.values(self.base[label], measure) or not self.values(label, measure):
            return ["", ""]
        ratio = ""
        if comparison["ratio"] is not None:
            ratio = f"{comparison['ratio']:.2f}{of}"
            if comparison["low"] is not None:
                ratio += f" ({comparison['low']:.2f} to {comparison['high']:.2f})"
        return [ratio, verdict(measure, comparison)]

    def sentences(self):
        """Differences that a table of rows does not show."""
        if len(self.labels) <= COLUMNS:
            return []
        return [f"{label}: {measure.title} {' '.join(self.compared(label, measure, ' of ' + self.base[label]))}"
                for label in self.labels[1:] for measure in self.measures
                if measure is not self.main and measure.less and self.comparisons[label][measure.name]["verdict"] in ("less", "more")]

    def text(self):
        rows = self.rows()
        widths = [max(len(row[at]) for row in rows if at < len(row)) for at in range(len(rows[0]))]
        values = len(self.labels) + 1 if len(self.labels) <= COLUMNS else 4
        lines = []
        for row in rows:
            cells = [cell.rjust(widths[at]) if 0 < at < values else cell.ljust(widths[at]) for at, cell in enumerate(row)]
            lines.append("  ".join(cells).rstrip())
        lines.append(self.caption())
        return "\n".join(lines + self.problems() + self.sentences() + [f"note: {note}" for note in self.notes]) + "\n"

    def caption(self):
        return f"medians of {self.plan.rounds} runs each, in random order"

    def markdown(self):
        def line(cells):
            return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

        rows = self.rows()
        lines = [line(rows[0]), "|" + "---|" * len(rows[0])] + [line(row) for row in rows[1:]] + ["", self.caption() + "."]
        return "\n".join(lines + [f"- {text}" for text in self.problems() + self.sentences() + self.notes]) + "\n"

    def document(self):
        return json.dumps({
            "command": self.plan.command, "load": self.plan.load or None, "rounds": self.plan.rounds, "warmup": self.plan.warmup,
            "databases": self.plan.databases,
            "variants": [{"label": variant.label, "base": variant.base, "settings": variant.settings, "failed": self.failed(variant.label),
                          "locked": self.locked(variant.label), "runs": self.runs[variant.label],
                          "medians": {measure.name: self.median(variant.label, measure) for measure in self.measures},
                          "compared": self.comparisons.get(variant.label)} for variant in self.variants],
            "notes": self.problems() + self.notes}, indent=1) + "\n"

    def plot(self, path):
        """Each run a dot, each median a bar, by gnuplot."""
        measure = self.main
        values = [value for label in self.labels for value in self.values(label, measure)]
        factor, unit = 1, ""
        if measure.unit == "seconds":
            factor, unit = (1000, " in ms") if max(values) < 1 else (1, " in s")
        with tempfile.NamedTemporaryFile("w") as points, tempfile.NamedTemporaryFile("w") as medians:
            for at, label in enumerate(self.labels, 1):
                for value in self.values(label, measure):
                    print(value * factor, at + random.uniform(-0.2, 0.2), file=points)
                if self.values(label, measure):
                    print(self.median(label, measure) * factor, at - 0.35, file=medians)
            points.flush()
            medians.flush()
            script = GNUPLOT.format(
                terminal="svg" if path.endswith(".svg") else "png", height=160 + 60 * len(self.labels), output=quoted(path),
                title=quoted(" ".join(self.plan.command)[:80]), label=measure.title + unit,
                greatest=max(values) * factor * 1.05 or 1, count=len(self.labels),
                tics=", ".join(f'"{quoted(label)}" {at}' for at, label in enumerate(self.labels, 1)),
                points=points.name, medians=medians.name)
            subprocess.run(["gnuplot", "-"], input=script, text=True, check=True)


def quoted(text):
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
