"""The page: one file, nothing fetched, no script; light and dark, and fit for paper."""

from __future__ import annotations

from genesis.monitoring.report import fault_section, ladder_section, run_sections, track_section
from genesis.monitoring.report.ladder_values import Ladder
from genesis.monitoring.report.values import RunReport
from genesis.monitoring.report.wording import safe


def render(report: RunReport, ladder: Ladder | None = None) -> str:
    """The page as HTML; ``ladder`` where one was on."""
    tracks = "".join(track_section.section(t, i) for i, t in enumerate(report.tracks, 1))
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width,initial-scale=1'><meta name='color-scheme' content='light dark'>"
        f"<title>Genesis: {safe(report.name)}</title><style>{STYLE}</style></head><body>"
        f"<header><p class='brand'>Genesis · paper trading report</p></header><main>{run_sections.head(report, ladder_section.links(ladder))}"
        f"{run_sections.comparison(report)}{run_sections.criteria(report)}{ladder_section.section(ladder, report.window)}{fault_section.section(report.under_faults)}"
        f"{run_sections.assumptions(report)}{tracks}</main>"
        f"<footer><p>Run chain: {report.entries:,} entries, head <code>{safe(report.head)}</code>. All fills simulated; evidence from {safe(report.source)}. "
        "Definitions: docs/METRICS.md.</p></footer></body></html>\n"
    )


_LIGHT = (
    "--ink:#1b1f24;--soft:#59636e;--line:#d9dee3;--grid:#e8ebee;--paper:#fff;--panel:#f6f8fa;--link:#0a58ca;"
    "--good:#1a7f37;--bad:#b42318;--open:#8a5a00;--good-bg:#e3f4e7;--bad-bg:#fdecea;--open-bg:#fdf3dc;"
    "--s0:#1f5fa8;--s1:#c2571a;--s2:#2b8a4b;--s3:#9b3fa0;--s4:#a07d00;--s5:#1c8f9c;--s6:#b8336a;--s7:#5b5f97;"
    "--price:#6b7684;--fill:#1f5fa833"
)
_DARK = (
    "--ink:#e3e7eb;--soft:#9aa4ae;--line:#39424c;--grid:#2a3138;--paper:#14181d;--panel:#1c2229;--link:#7ab7ff;"
    "--good:#5bd07f;--bad:#ff8a80;--open:#e8b64c;--good-bg:#17331f;--bad-bg:#3c1e1c;--open-bg:#382c12;"
    "--s0:#6fb1ff;--s1:#ff9c5b;--s2:#66d28b;--s3:#db8fe0;--s4:#e0bd4a;--s5:#5fd3e0;--s6:#ff85b3;--s7:#a9adf0;"
    "--price:#8b96a3;--fill:#6fb1ff33"
)
# Of this page and of others that look like it.
STYLE = (
    f":root{{{_LIGHT}}}@media(prefers-color-scheme:dark){{:root{{{_DARK}}}}}"
    "*{box-sizing:border-box}"
    "body{font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'Liberation Sans',sans-serif;color:var(--ink);background:var(--paper);"
    "max-width:1040px;margin:0 auto;padding:24px 20px 60px}"
    "h1{font-size:30px;line-height:1.15;margin:.1em 0 .4em;overflow-wrap:anywhere}"
    "h2{font-size:21px;margin:2.2em 0 .6em;padding-top:.6em;border-top:2px solid var(--ink);overflow-wrap:anywhere}"
    "h3{font-size:16px;margin:1.8em 0 .5em}.brand{color:var(--soft);margin:0;letter-spacing:.02em}.lead{font-size:16px;max-width:46em}"
    "p{max-width:56em}a{color:var(--link)}code{font:12.5px/1.4 ui-monospace,'SF Mono','DejaVu Sans Mono',monospace;overflow-wrap:anywhere}"
    "nav{display:flex;flex-wrap:wrap;gap:4px 16px;margin:1em 0;overflow-wrap:anywhere}"
    ".warn{background:var(--open-bg);border-left:4px solid var(--open);padding:10px 16px;margin:1.2em 0}.warn h2{border:0;padding:0;margin:0;font-size:16px}"
    ".warn ul{margin:.4em 0 0;padding-left:1.2em}.warn li{overflow-wrap:anywhere}"
    ".scroll{overflow-x:auto;margin:.6em 0 1.2em}table{border-collapse:collapse;width:100%;font-size:13.5px}"
    "caption{text-align:left;color:var(--soft);padding:0 0 6px;overflow-wrap:anywhere;position:sticky;left:0;max-width:calc(100vw - 40px)}"
    "td,th{border-bottom:1px solid var(--line);padding:5px 12px 5px 0;text-align:left;vertical-align:top;font-weight:normal;overflow-wrap:anywhere}"
    "thead th{color:var(--soft);border-bottom:1.5px solid var(--soft);vertical-align:bottom;font-size:12.5px;overflow-wrap:normal}"
    "tbody th{font-weight:600;min-width:8.5em}.n,td.n{font-variant-numeric:tabular-nums}td.n,th.n{text-align:right}"
    "td:last-child,th:last-child{padding-right:0}small{display:block;color:var(--soft);font-size:11.5px;font-weight:normal;line-height:1.3}"
    "td.n{white-space:nowrap}td.n small{white-space:normal}"
    ".facts th[scope=row]{width:19%;min-width:7.2em}.facts td:nth-child(2):not(.n){width:27%}.facts td:last-child{color:var(--soft)}"
    ".compare{font-size:12.5px}.compare td,.compare th{padding-right:7px}.compare th[scope=row]{min-width:98px}.compare thead th{font-size:11.5px}"
    ".faults{font-size:12.5px}.faults td,.faults th{overflow-wrap:normal}"
    ".compare small{font-size:10.5px}.compare thead th,.compare td{overflow-wrap:normal}"
    ".criteria th[scope=row]{width:15%}.criteria td:nth-child(5){width:13%}.criteria td:last-child{width:30%;color:var(--soft)}"
    ".criteria caption{color:var(--ink)}.metrics .why{color:var(--soft);width:36%}.metrics th[scope=row]{width:20%;font-weight:normal}"
    ".metrics td:nth-child(2){width:15%}"
    ".metrics .group th{font-weight:600;padding-top:14px;border-bottom-color:var(--soft)}.trades{font-size:12.5px}.trades th[scope=row]{font-weight:normal;white-space:nowrap}"
    ".badge{display:inline-block;padding:0 7px;border-radius:3px;font-size:12px;font-weight:600;white-space:nowrap}"
    ".good{color:var(--good);background:var(--good-bg)}.bad{color:var(--bad);background:var(--bad-bg)}.open{color:var(--open);background:var(--open-bg)}"
    ".won{color:var(--good)}.lost{color:var(--bad)}.note,.empty{color:var(--soft);font-size:13.5px}.empty{background:var(--panel);padding:8px 12px}"
    "figure{margin:1.6em 0 1em}figcaption{font-weight:600;font-size:14px;margin-bottom:4px}figcaption .n,h3 .n{font-weight:normal;color:var(--soft)}"
    "figure .note{margin:.2em 0 0}"
    # Narrower, the labels of a picture could not be read: it scrolls instead.
    ".draw{overflow-x:auto}svg{display:block;width:100%;min-width:760px;height:auto;font:12px system-ui,-apple-system,'Segoe UI','Liberation Sans',sans-serif}svg text{fill:var(--soft)}"
    ".grid{stroke:var(--grid)}.zero{stroke:var(--soft)}.budget{stroke:var(--soft);stroke-dasharray:4 4}"
    ".line{fill:none;stroke-width:1.4;stroke-linejoin:round}.thin{stroke-width:.8}.dot{fill:var(--s0);stroke:none}"
    + "".join(f".s{i}{{stroke:var(--s{i})}}" for i in range(8))
    + ".d1{stroke-dasharray:6 3}.d2{stroke-dasharray:2 3}.hold{stroke:var(--ink);stroke-dasharray:5 3}"
    ".key span{display:inline-block;white-space:nowrap;margin-right:16px}"
    ".key svg{display:inline-block;width:24px;min-width:0;height:8px;margin-right:6px;vertical-align:middle}"
    ".price{stroke:var(--price);stroke-width:1.1}.gross{stroke:var(--s0)}.net{stroke:var(--s1)}.fall{stroke:var(--bad)}"
    ".fall-area{fill:var(--bad);opacity:.15}.gross-area{fill:var(--s0);opacity:.12}.band{fill:var(--bad);opacity:.07}.trough{fill:var(--bad)}"
    "svg .letter{fill:var(--bad);font-weight:700;stroke:var(--paper);stroke-width:3px;paint-order:stroke}.buy{fill:var(--s2);stroke:none}.sell{fill:var(--bad);stroke:none}"
    ".gain{fill:var(--s0)}.loss{fill:var(--bad);opacity:.85}.other{fill:var(--s4);stroke:none}.cost{fill:var(--s4)}.upright{stroke:var(--ink);stroke-dasharray:3 3}"
    ".sides{min-width:520px}.sides th,.sides td{overflow-wrap:normal}.ladder,.moves{min-width:680px}.ladder th[scope=row]{width:15%}.ladder td:last-child{width:44%;color:var(--soft)}.moves td:last-child{color:var(--soft);width:42%}.moves td{overflow-wrap:normal}.moves td:nth-child(4),.moves td:nth-child(5){white-space:nowrap}"
    "details{margin:.6em 0 1.2em}summary{cursor:pointer;color:var(--link)}"
    "footer{margin-top:3em;border-top:1px solid var(--line);color:var(--soft);font-size:13px;overflow-wrap:anywhere}"
    f"@media print{{:root{{{_LIGHT}}}body{{max-width:none;padding:0;font-size:11pt}}nav{{display:none}}figure,tr,.warn{{break-inside:avoid}}"
    "h2,h3,figcaption,caption{break-after:avoid}.track{break-before:page}.scroll,.draw{overflow:visible}svg{min-width:0}*{-webkit-print-color-adjust:exact;print-color-adjust:exact}"
    "@page{size:A4;margin:12mm}}"
)
