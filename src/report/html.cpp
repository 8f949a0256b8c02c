#include "report/html.hpp"

#include <fmt/format.h>

#include "core/utf8.hpp"

namespace psi_xlstm {
namespace {

constexpr std::string_view kStyle = R"(
:root { --ink: #1f2328; --soft: #59636e; --line: #d9dee3; --card: #f6f8fa; --accent: #0072b2; }
* { box-sizing: border-box; }
body { margin: 0; background: #fff; color: var(--ink);
       font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 2.5rem 1.25rem 3rem; }
h1 { margin: 0; font-size: 1.9rem; line-height: 1.2; letter-spacing: -0.01em; }
h2 { margin: 2.75rem 0 0.75rem; padding-top: 1.25rem; border-top: 1px solid var(--line);
     font-size: 1.3rem; }
.subtitle { margin: 0.6rem 0 0; font-size: 1.1rem; color: var(--soft); max-width: 46rem; }
.cards { display: grid; gap: 0.8rem; margin: 1.75rem 0 0;
         grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); }
.card { padding: 0.85rem 1rem; background: var(--card); border-radius: 8px;
        border-left: 3px solid var(--accent); }
.card .label, .card .note { font-size: 0.82rem; color: var(--soft); line-height: 1.35; }
.card .value { font-size: 1.5rem; font-weight: 600; line-height: 1.35;
               overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
.warnings { margin: 1.75rem 0 0; padding: 0.8rem 1.1rem; background: #fff8e6;
            border-left: 3px solid #e69f00; border-radius: 8px; }
.warnings strong { display: block; }
.warnings ul { margin: 0.3rem 0 0; padding-left: 1.2rem; }
.scroll { overflow-x: auto; margin: 1.25rem 0 0; }
table { border-collapse: collapse; width: 100%; font-size: 0.9rem;
        font-variant-numeric: tabular-nums; }
caption { padding-bottom: 0.45rem; text-align: left; font-weight: 600; }
th, td { padding: 0.4rem 0.75rem; text-align: left; vertical-align: top; }
thead th { border-bottom: 2px solid var(--ink); font-weight: 600; white-space: nowrap; }
tbody td { border-bottom: 1px solid var(--line); }
th.number, td.number { text-align: right; white-space: nowrap; }
.note { margin: 0.5rem 0 0; font-size: 0.88rem; color: var(--soft); max-width: 50rem; }
figure { margin: 1.5rem 0 0; }
figure img { display: block; max-width: 100%; height: auto; }
figcaption { margin-top: 0.3rem; font-size: 0.88rem; color: var(--soft); max-width: 50rem; }
footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--line);
         font-size: 0.8rem; color: var(--soft); }
footer p { margin: 0; overflow-wrap: anywhere; }
@media print {
  body { font-size: 10pt; }
  main { max-width: none; padding: 0; }
  figure, .card, tr { break-inside: avoid; }
  h2, caption { break-after: avoid; }
  .scroll { overflow: visible; }
  .card, .warnings { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
)";

// `text` as it may stand between tags and within quoted attributes.
std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : printable(text)) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\'':
        result += "&#39;";
        break;
      default:
        result += c;
        break;
    }
  }
  return result;
}

// An element holding escaped `text`; nothing if there is no text.
std::string element(std::string_view tag, std::string_view class_name, const std::string& text) {
  if (text.empty()) return "";
  const std::string attribute = class_name.empty() ? "" : fmt::format(" class=\"{}\"", class_name);
  return fmt::format("<{}{}>{}</{}>\n", tag, attribute, escaped(text), tag);
}

std::string cards_html(const std::vector<ReportCard>& cards) {
  if (cards.empty()) return "";
  std::string html = "<div class=\"cards\">\n";
  for (const ReportCard& card : cards) {
    html += "<div class=\"card\">\n" + element("div", "label", card.label) +
            element("div", "value", card.value) + element("div", "note", card.note) + "</div>\n";
  }
  return html + "</div>\n";
}

std::string warnings_html(const std::vector<std::string>& warnings) {
  if (warnings.empty()) return "";
  std::string html = "<div class=\"warnings\"><strong>Warnings</strong>\n<ul>\n";
  for (const std::string& warning : warnings) html += element("li", "", warning);
  return html + "</ul>\n</div>\n";
}

std::string row_html(const std::vector<std::string>& cells,
                     const std::vector<bool>& numbers,
                     std::string_view tag,
                     std::string_view scope) {
  std::string html = "<tr>";
  for (std::size_t i = 0; i < cells.size(); ++i) {
    html += fmt::format("<{}{}{}>{}</{}>", tag, scope, numbers[i] ? " class=\"number\"" : "",
                        escaped(cells[i]), tag);
  }
  return html + "</tr>\n";
}

std::string table_html(const Table& table) {
  const auto numbers = number_columns(table);
  std::string html = "<div class=\"scroll\">\n<table>\n" + element("caption", "", table.caption);
  html += "<thead>\n" + row_html(table.header, numbers, "th", " scope=\"col\"") + "</thead>\n";
  html += "<tbody>\n";
  for (const auto& row : table.rows) html += row_html(row, numbers, "td", "");
  return html + "</tbody>\n</table>\n</div>\n" + element("p", "note", table.note);
}

// As an image of its own, because the identifiers inside gnuplot's figures are all the same.
std::string figure_html(const ReportFigure& figure) {
  std::string html = "<figure>\n";
  if (!figure.svg.empty()) {
    html += fmt::format("<img alt=\"{}\" src=\"data:image/svg+xml;base64,{}\">\n",
                        escaped(figure.caption), base64(figure.svg));
  }
  return html + element("figcaption", "", figure.caption) + "</figure>\n";
}

std::string section_html(const ReportSection& section) {
  std::string html = "<section>\n" + element("h2", "", section.heading);
  for (const std::string& paragraph : section.paragraphs) html += element("p", "", paragraph);
  for (const Table& table : section.tables) html += table_html(table);
  for (const ReportFigure& figure : section.figures) html += figure_html(figure);
  return html + "</section>\n";
}

}  // namespace

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    unsigned int group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8U | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      const bool padding = i + k > bytes.size();
      text += padding ? '=' : kDigits[group >> (18 - 6 * k) & 63U];
    }
  }
  return text;
}

std::string to_html(const ReportPage& page) {
  std::string html =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
      "img-src data:; style-src 'unsafe-inline'\">\n";
  html += fmt::format("<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n<main>\n",
                      escaped(page.title), kStyle);
  html += "<header>\n" + element("h1", "", page.title) + element("p", "subtitle", page.subtitle) +
          "</header>\n";
  html += cards_html(page.cards) + warnings_html(page.warnings);
  for (const ReportSection& section : page.sections) html += section_html(section);
  if (!page.footer.empty()) {
    html += "<footer>\n";
    for (const std::string& line : page.footer) html += element("p", "", line);
    html += "</footer>\n";
  }
  return html + "</main>\n</body>\n</html>\n";
}

}  // namespace psi_xlstm
