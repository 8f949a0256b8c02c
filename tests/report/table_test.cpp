#include "report/table.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "core/utf8.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

Table example() {
  return {.caption = "Errors",
          .header = {"model", "tau", "MSE [A^2]"},
          .rows = {{"low_rank", "12.3 us", "1.5e-10"}, {"a|b", "n/a", "-2"}},
          .note = "Smaller is better."};
}

TEST(Table, AlignsColumnsOfNumbersToTheRight) {
  EXPECT_EQ(number_columns(example()), (std::vector<bool>{false, true, true}));
  Table table = example();
  table.rows[1][2] = "information";
  table.rows[0][1] = "n/a";
  EXPECT_EQ(number_columns(table), (std::vector<bool>{false, false, false}));
}

TEST(Table, IsMarkdown) {
  EXPECT_EQ(to_markdown(example()),
            "**Errors**\n"
            "\n"
            "| model | tau | MSE [A^2] |\n"
            "| --- | ---: | ---: |\n"
            "| low_rank | 12.3 us | 1.5e-10 |\n"
            "| a\\|b | n/a | -2 |\n"
            "\n"
            "Smaller is better.\n");
}

TEST(Table, EscapesMarkup) {
  Table table = {.caption = "", .header = {"<b>*x*`y`\n\\&"}, .rows = {}, .note = ""};
  EXPECT_EQ(to_markdown(table), "| &lt;b>\\*x\\*\\`y\\` \\\\&amp; |\n| --- |\n");
}

TEST(Table, IsCommaSeparatedWithQuotesWhereNeeded) {
  const Table table = {.caption = "not written",
                       .header = {"name", "value"},
                       .rows = {{"a,b", "1"}, {"say \"x\"", "2"}, {"two\nlines", "3"}},
                       .note = ""};
  EXPECT_EQ(to_csv(table), "name,value\n\"a,b\",1\n\"say \"\"x\"\"\",2\n\"two\nlines\",3\n");
}

TEST(Table, IsLatex) {
  EXPECT_EQ(to_latex(example()),
            "\\begin{table}\n"
            "\\centering\n"
            "\\caption{Errors}\n"
            "\\begin{tabular}{lrr}\n"
            "\\toprule\n"
            "model & tau & MSE [A\\textasciicircum{}2] \\\\\n"
            "\\midrule\n"
            "low\\_rank & 12.3 us & 1.5e-10 \\\\\n"
            "a|b & n/a & -2 \\\\\n"
            "\\bottomrule\n"
            "\\end{tabular}\n"
            "\n"
            "\\smallskip\n"
            "{\\footnotesize Smaller is better.}\n"
            "\\end{table}\n");
}

TEST(Table, EscapesEveryCommandOfLatex) {
  const Table table = {
      .caption = "", .header = {"\\input{x} 5% $ # & ~ < >"}, .rows = {}, .note = ""};
  EXPECT_NE(
      to_latex(table).find("\\textbackslash{}input\\{x\\} 5\\% \\$ \\# \\& \\textasciitilde{} "
                           "\\textless{} \\textgreater{} \\\\\n"),
      std::string::npos);
}

TEST(Table, AlignsTextByColumnsOfTheTerminal) {
  Table table = example();
  table.rows[1][1] = "3 \xc2\xb5s";
  EXPECT_EQ(to_text(table),
            "Errors\n"
            "\n"
            "model         tau  MSE [A^2]\n"
            "--------  -------  ---------\n"
            "low_rank  12.3 us    1.5e-10\n"
            "a|b          3 \xc2\xb5s         -2\n"
            "\n"
            "Smaller is better.\n");
}

int widest_line(const std::string& text) {
  int widest = 0;
  std::size_t start = 0;
  while (start < text.size()) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    widest = std::max(widest, display_width(text.substr(start, end - start)));
    start = end + 1;
  }
  return widest;
}

TEST(Table, BreaksHeadersAndTextsThatAreTooWide) {
  const Table table = {.caption = "Errors",
                       .header = {"model", "mean square error"},
                       .rows = {{"one with a long name", "1.5e-10"}, {"short", "2"}},
                       .note = "What all of it means."};
  EXPECT_EQ(to_text_within(table, 20),
            "Errors\n"
            "\n"
            "model           mean\n"
            "              square\n"
            "               error\n"
            "-----------  -------\n"
            "one with a   1.5e-10\n"
            "long name\n"
            "short              2\n"
            "\n"
            "What all of it\n"
            "means.\n");
}

TEST(Table, LeavesOutColumnsThatCannotFitAndNamesThem) {
  Table table = {.caption = "", .header = {}, .rows = {{}, {}}, .note = ""};
  for (int c = 0; c < 30; ++c) {
    table.header.push_back("column_" + std::to_string(c));
    for (auto& row : table.rows) row.push_back("1.23456e-07");
  }
  const std::string text = to_text(table);
  EXPECT_LE(widest_line(text), kTerminalWidth);
  EXPECT_NE(text.find("column_6"), std::string::npos);
  EXPECT_NE(text.find("Not shown: "), std::string::npos);
  EXPECT_NE(text.find("column_29."), std::string::npos);
}

TEST(Table, WritesNumbersAsNumbersInJson) {
  const Table table = {.caption = "Errors",
                       .header = {"model", "MSE"},
                       .rows = {{"a \"b\"", "1.5e-10"}, {"12.3 us", "n/a"}, {"", "3 to 4"}},
                       .note = "Smaller."};
  const auto tree = nlohmann::json::parse(to_json(table));
  EXPECT_EQ(tree["caption"], "Errors");
  EXPECT_EQ(tree["header"], (nlohmann::json{"model", "MSE"}));
  EXPECT_EQ(tree["note"], "Smaller.");
  EXPECT_EQ(tree["rows"][0], (nlohmann::json{"a \"b\"", 1.5e-10}));
  EXPECT_EQ(tree["rows"][1], (nlohmann::json{"12.3 us", nullptr}));
  EXPECT_EQ(tree["rows"][2], (nlohmann::json{nullptr, "3 to 4"}));
}

TEST(Table, NamesTheRowThatDoesNotFit) {
  Table table = example();
  table.rows[1].pop_back();
  for (const auto form : {to_markdown, to_csv, to_latex, to_json, to_text}) {
    try {
      form(table);
      FAIL() << "expected a ShapeError";
    } catch (const ShapeError& e) {
      EXPECT_STREQ(e.what(), "table \"Errors\": expected 3 cells in row 2, found 2");
    }
  }
}

}  // namespace
}  // namespace psi_xlstm
