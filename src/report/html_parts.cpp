#include "report/html_parts.hpp"

namespace psi_xlstm {

const std::string_view kPageStyle = R"(
:root { color-scheme: light dark; --page: #fff; --ink: #1f2328; --soft: #59636e; --line: #d9dee3;
        --card: #f6f8fa; --accent: #0072b2; --warn: #fff8e6; --warn-line: #e69f00; }
@media (prefers-color-scheme: dark) {
  :root { --page: #0d1117; --ink: #e6edf3; --soft: #9aa4af; --line: #30363d; --card: #161b22;
          --accent: #58a6ff; --warn: #2b2410; --warn-line: #d29922; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
       font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 2.5rem 1.25rem 3rem; }
h1 { margin: 0; font-size: 1.9rem; line-height: 1.2; letter-spacing: -0.01em;
     overflow-wrap: anywhere; }
h2 { margin: 2.75rem 0 0.75rem; padding-top: 1.25rem; border-top: 1px solid var(--line);
     font-size: 1.3rem; }
h3 { margin: 1.5rem 0 0.3rem; font-size: 1rem; }
a { color: var(--accent); overflow-wrap: anywhere; }
p { max-width: 50rem; overflow-wrap: anywhere; }
.subtitle { margin: 0.6rem 0 0; font-size: 1.15rem; max-width: 46rem; }
.introduction { margin: 0.9rem 0 0; color: var(--soft); }
.cards { display: grid; gap: 0.8rem; margin: 1.75rem 0 0;
         grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); }
.card { padding: 0.85rem 1rem; background: var(--card); border-radius: 8px;
        border-left: 3px solid var(--accent); }
.card .label, .card .note { font-size: 0.82rem; color: var(--soft); line-height: 1.35; }
.card .value { font-size: 1.5rem; font-weight: 600; line-height: 1.35;
               overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
.warnings { margin: 1.75rem 0 0; padding: 0.8rem 1.1rem; background: var(--warn);
            border-left: 3px solid var(--warn-line); border-radius: 8px; }
.warnings strong { display: block; }
.warnings ul { margin: 0.3rem 0 0; padding-left: 1.2rem; overflow-wrap: anywhere; }
.links { margin: 0.6rem 0 0; padding-left: 1.2rem; }
.scroll { overflow-x: auto; margin: 1.25rem 0 0; }
table { border-collapse: collapse; width: 100%; font-size: 0.9rem;
        font-variant-numeric: tabular-nums; }
caption { padding-bottom: 0.45rem; text-align: left; font-weight: 600; }
th, td { padding: 0.4rem 0.75rem; text-align: left; vertical-align: top; }
thead th { border-bottom: 2px solid var(--ink); font-weight: 600; vertical-align: bottom; }
tbody td { border-bottom: 1px solid var(--line); }
th.number, td.number { text-align: right; }
td.number { white-space: nowrap; }
.note { margin: 0.5rem 0 0; font-size: 0.88rem; color: var(--soft); max-width: 50rem; }
figure { margin: 1.5rem 0 0; }
figure .picture { overflow-x: auto; }
figure img { display: block; max-width: 100%; height: auto; }
figcaption { margin-top: 0.3rem; font-size: 0.88rem; color: var(--soft); max-width: 50rem; }
.code { position: relative; margin: 0.4rem 0 0; }
pre { margin: 0; padding: 0.8rem 1rem; background: var(--card); border: 1px solid var(--line);
      border-radius: 8px; overflow-x: auto; font: 0.85rem/1.5 ui-monospace, Menlo, Consolas, monospace; }
button.copy { position: absolute; top: 0.45rem; right: 0.45rem; padding: 0.15rem 0.6rem;
              font: inherit; font-size: 0.8rem; color: var(--ink); background: var(--page);
              border: 1px solid var(--line); border-radius: 6px; cursor: pointer; }
details { margin: 1.25rem 0 0; border: 1px solid var(--line); border-radius: 8px;
          padding: 0.6rem 1rem; }
summary { cursor: pointer; font-weight: 600; }
footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--line);
         font-size: 0.8rem; color: var(--soft); }
footer p { margin: 0; overflow-wrap: anywhere; }
@media screen and (prefers-color-scheme: dark) {
  figure img { filter: invert(0.93) hue-rotate(180deg); }
}
@media screen and (max-width: 40rem) {
  main { padding: 1.5rem 1rem 2rem; }
  h1 { font-size: 1.5rem; }
  figure img { max-width: none; width: 38rem; }
  th, td { padding: 0.35rem 0.5rem; }
}
@media print {
  :root { color-scheme: light; --page: #fff; --ink: #1f2328; --soft: #59636e; --line: #d9dee3;
          --card: #f6f8fa; --accent: #0072b2; --warn: #fff8e6; --warn-line: #e69f00; }
  body { font-size: 10pt; }
  main { max-width: none; padding: 0; }
  figure, .card, tr, .code { break-inside: avoid; }
  figure img { max-height: 13cm; width: auto; }
  h2, h3, caption { break-after: avoid; }
  .scroll, figure .picture, pre { overflow: visible; }
  pre { white-space: pre-wrap; }
  table { font-size: 8pt; }
  th, td { padding: 0.25rem 0.4rem; }
  button.copy { display: none; }
  .card, .warnings, pre { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
)";

const std::string_view kCopyScript = R"(
for (const button of document.querySelectorAll("button.copy")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const range = document.createRange();
    range.selectNodeContents(button.parentElement.querySelector("code"));
    const selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
    document.execCommand("copy");
    selection.removeAllRanges();
    button.textContent = "copied";
    setTimeout(() => { button.textContent = "copy"; }, 1500);
  });
}
)";

}  // namespace psi_xlstm
