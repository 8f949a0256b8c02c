#include "report/html.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/sha256.hpp"
#include "core/utf8.hpp"
#include "report/html_parts.hpp"

namespace psi_xlstm {
namespace {

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

// The text of several lines, escaped.
std::string escaped_lines(const std::string& text) {
  std::string result;
  std::size_t start = 0;
  while (start < text.size()) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    result += escaped(text.substr(start, end - start)) + "\n";
    start = end + 1;
  }
  return result;
}

// A path relative to the page as a URL (RFC 3986); "./" keeps a colon in it from naming a scheme.
std::string relative_url(const std::string& path) {
  std::string url = "./";
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '/' || c == '.' || c == '_' || c == '-';
    url += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return url;
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
    html += fmt::format(
        "<div class=\"picture\"><img alt=\"{}\" src=\"data:image/svg+xml;base64,{}\"></div>\n",
        escaped(figure.caption), base64(figure.svg));
  }
  return html + element("figcaption", "", figure.caption) + "</figure>\n";
}

std::string link_html(const ReportLink& link) {
  return fmt::format("<a href=\"{}\">{}</a>", relative_url(link.path), escaped(link.path)) +
         (link.what.empty() ? "" : ": " + escaped(link.what));
}

std::string links_html(const std::vector<ReportLink>& links) {
  if (links.empty()) return "";
  std::string html = "<ul class=\"links\">\n";
  for (const ReportLink& link : links) html += "<li>" + link_html(link) + "</li>\n";
  return html + "</ul>\n";
}

std::string code_html(const ReportCode& code) {
  std::string html = element("h3", "", code.title);
  for (std::size_t i = 0; i < code.links.size(); ++i) {
    html += (i == 0 ? "" : ", ") + link_html(code.links[i]);
  }
  return html + "<div class=\"code\"><button class=\"copy\" type=\"button\" hidden>copy</button>" +
         "<pre><code>" + escaped_lines(code.text) + "</code></pre></div>\n" +
         element("p", "note", code.note);
}

// What is in a section below its heading.
std::string body_html(const ReportSection& section) {
  std::string html;
  for (const std::string& paragraph : section.paragraphs) html += element("p", "", paragraph);
  html += links_html(section.links);
  for (const ReportCode& code : section.codes) html += code_html(code);
  for (const ReportFigure& figure : section.figures) html += figure_html(figure);
  for (const Table& table : section.tables) html += table_html(table);
  return html;
}

std::string section_html(const ReportSection& section) {
  std::string html = "<section>\n" + element("h2", "", section.heading) + body_html(section);
  for (const ReportSection& folded : section.folded) {
    html +=
        "<details>\n" + element("summary", "", folded.heading) + body_html(folded) + "</details>\n";
  }
  return html + "</section>\n";
}

bool has_code(const ReportPage& page) {
  return std::any_of(page.sections.begin(), page.sections.end(),
                     [](const ReportSection& s) { return !s.codes.empty(); });
}

// What a browser may load and run: nothing but the script of the page, by its checksum.
std::string policy(bool script) {
  std::string text = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";
  if (!script) return text;
  std::string digest;
  const std::string hex = sha256_hex(kCopyScript);
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    digest += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return text + fmt::format("; script-src 'sha256-{}'", base64(digest));
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
  const bool script = has_code(page);
  std::string html =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
  html +=
      fmt::format("<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n", policy(script));
  html += fmt::format("<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n<main>\n",
                      escaped(page.title), kPageStyle);
  html += "<header>\n" + element("h1", "", page.title) + element("p", "subtitle", page.subtitle);
  for (const std::string& text : page.introduction) html += element("p", "introduction", text);
  html += "</header>\n" + cards_html(page.cards) + warnings_html(page.warnings);
  for (const ReportSection& section : page.sections) html += section_html(section);
  if (!page.footer.empty()) {
    html += "<footer>\n";
    for (const std::string& line : page.footer) html += element("p", "", line);
    html += "</footer>\n";
  }
  html += "</main>\n";
  if (script) html += fmt::format("<script>{}</script>\n", kCopyScript);
  return html + "</body>\n</html>\n";
}

}  // namespace psi_xlstm
