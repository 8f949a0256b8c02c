#include "report/html.hpp"

#include <gtest/gtest.h>

#include <string>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

ReportPage page_with(const std::string& text) {
  return {
      .title = text,
      .subtitle = text,
      .cards = {{.label = text, .value = text, .note = text}},
      .warnings = {text},
      .sections = {{.heading = text,
                    .paragraphs = {text},
                    .tables = {{.caption = text, .header = {text}, .rows = {{text}}, .note = text}},
                    .figures = {{.svg = "<svg>" + text + "</svg>", .caption = text}}}},
      .footer = {text}};
}

int occurrences(const std::string& text, const std::string& part) {
  int count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

// RFC 4648, section 10.
TEST(Base64, MatchesThePublishedExamples) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foob"), "Zm9vYg==");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64("\xff\xfe\xfd"), "//79");
}

// Fifteen places take a text: the title twice, the figure's caption twice, the others once.
TEST(ToHtml, PrintsEveryTextAndNoneOfItsMarkup) {
  const std::string html = to_html(page_with("<script>alert(\"1\")</script>&'"));
  EXPECT_EQ(occurrences(html, "<script"), 0);
  EXPECT_EQ(occurrences(html, "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;"), 16);
}

ReportPage page_with_code(const std::string& text) {
  ReportPage page = page_with("x");
  page.introduction = {text};
  page.sections[0].links = {{text, text}};
  page.sections[0].codes = {{text, text, text, {{text, text}}}};
  page.sections[0].folded = {{.heading = text, .paragraphs = {text}}};
  return page;
}

// The one script is the page's own: no text becomes one.
TEST(ToHtml, RunsTheScriptThatCopiesAndNoOther) {
  const std::string html = to_html(page_with_code("</code><script>alert('1')</script>"));
  EXPECT_EQ(occurrences(html, "<script>"), 1);
  EXPECT_EQ(occurrences(html, "alert("), 10);
  EXPECT_EQ(occurrences(html, "&lt;script&gt;alert("), 10);
  EXPECT_EQ(occurrences(html, "script-src 'sha256-"), 1);
  EXPECT_EQ(occurrences(to_html(page_with("x")), "script-src"), 0);
}

TEST(ToHtml, LinksAreRelativeWhateverTheirNames) {
  const std::string html = to_html(page_with_code("javascript:alert(1)/a b\".sp"));
  EXPECT_EQ(occurrences(html, "href=\"./javascript%3Aalert%281%29/a%20b%22.sp\""), 2);
}

TEST(ToHtml, KeepsTheLinesOfCode) {
  EXPECT_NE(to_html(page_with_code("a\nb")).find("<pre><code>a\nb\n</code></pre>"),
            std::string::npos);
}

TEST(ToHtml, LoadsNothingFromElsewhere) {
  const std::string html = to_html(page_with("text"));
  for (const char* part : {"http://", "https://", "url(", "@import", "<link", "src=\"//"}) {
    EXPECT_EQ(occurrences(html, part), 0) << part;
  }
}

TEST(ToHtml, EmbedsFiguresAsImages) {
  const std::string html = to_html(page_with("x"));
  EXPECT_NE(html.find("src=\"data:image/svg+xml;base64," + base64("<svg>x</svg>") + "\""),
            std::string::npos);
  EXPECT_EQ(occurrences(html, "<svg"), 0);
  ReportPage without = page_with("x");
  without.sections[0].figures[0].svg.clear();
  EXPECT_EQ(occurrences(to_html(without), "<img"), 0);
  EXPECT_EQ(occurrences(to_html(without), "<figcaption>x</figcaption>"), 1);
}

TEST(ToHtml, LeavesOutEmptyParts) {
  const std::string html = to_html({.title = "Only a title",
                                    .subtitle = "",
                                    .cards = {},
                                    .warnings = {},
                                    .sections = {},
                                    .footer = {}});
  EXPECT_EQ(occurrences(html, "Only a title"), 2);
  for (const char* part : {"<footer", "<section", "class=\"cards\"", "class=\"warnings\"", "<p"}) {
    EXPECT_EQ(occurrences(html, part), 0) << part;
  }
}

TEST(ToHtml, AlignsNumbersToTheRight) {
  ReportPage page = page_with("x");
  page.sections[0].tables = {
      {.caption = "", .header = {"a", "b"}, .rows = {{"name", "1.5 us"}}, .note = ""}};
  EXPECT_NE(to_html(page).find("<tr><td>name</td><td class=\"number\">1.5 us</td></tr>"),
            std::string::npos);
}

TEST(ToHtml, RefusesATableWithUnevenRows) {
  ReportPage page = page_with("x");
  page.sections[0].tables[0].rows.push_back({});
  EXPECT_THROW(to_html(page), ShapeError);
}

}  // namespace
}  // namespace psi_xlstm
