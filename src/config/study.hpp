#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "config/cosim.hpp"
#include "config/data.hpp"
#include "config/fit.hpp"
#include "config/tau.hpp"

namespace psi_xlstm {

/// Where the records of a study come from.
enum class DataSource { kPublished, kVteam, kMem3, kCsv };

constexpr auto enum_names(DataSource) {
  return std::array{EnumName{DataSource::kPublished, "published"},
                    EnumName{DataSource::kVteam, "vteam"}, EnumName{DataSource::kMem3, "mem3"},
                    EnumName{DataSource::kCsv, "csv"}};
}

/// The records of a study.
struct DataSourceConfig {
  DataSource source = DataSource::kPublished;
  VteamConfig vteam;               ///< Of source vteam; its seed is the study's.
  Mem3Config mem3;                 ///< Of source mem3; its seed is the study's.
  std::vector<std::string> files;  ///< Of source csv.
  int sign = 1;                 ///< Of source csv: -1 where current was counted out of the device.
  std::string split;            ///< Of source csv, see data/split.hpp.
  bool continuous = false;      ///< Of source csv: each record goes on where the last one ended.
  std::string correct;          ///< Of source csv: what to correct, see diagnosis/correction.hpp.
  std::optional<double> noise;  ///< Of source csv: as a fraction of the sd of the current.
  std::optional<double> initial_conductance;  ///< Of every record [S]; else estimated.
  double prefix = 0;  ///< First seconds of each record that give its g0 [s]; 0: automatic.

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("source", c.source);
    const bool csv = c.source == DataSource::kCsv;
    visit.only_if(c.source == DataSource::kVteam, "source", "vteam", c.vteam);
    visit.only_if(c.source == DataSource::kMem3, "source", "mem3", c.mem3);
    visit.only_if(csv, "source", "files", c.files);
    visit.only_if(csv, "source", "sign", c.sign, between(-1, 1));
    visit.only_if(csv, "source", "split", c.split);
    visit.only_if(csv, "source", "continuous", c.continuous);
    visit.only_if(csv, "source", "correct", c.correct,
                  one_of({"", "offset", "skew", "offset,skew", "skew,offset"}));
    visit.only_if(csv, "source", "noise", c.noise, positive_up_to(kLargestNoise));
    visit("initial_conductance", c.initial_conductance, positive_up_to(kLargestConductance));
    visit("prefix", c.prefix, between(0, kLongestTime));
  }
};

/// Which sizes of student are tried; see fit/selection.hpp.
struct SelectionConfig {
  bool enabled = false;         ///< Choose the shape on validation records.
  std::optional<int> states;    ///< Only this number of states.
  std::optional<int> features;  ///< Only this number of features.

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("enabled", c.enabled);
    visit("states", c.states, between(0, 16));
    visit("features", c.features, between(1, 64));
  }
};

/// One run from data to report.
struct StudyConfig {
  std::string kind = "compact";
  std::string study = "quickstart";  ///< Name of the study and of its run folder; an identifier.
  std::string model = "student";     ///< Name of the emitted model; an identifier.
  std::vector<int> seeds = {42};     ///< Of the data; each has its own models.
  int fits = 1;                      ///< Fits per seed, with starting points of their own.
  DataSourceConfig data;
  FitConfig fit;
  SelectionConfig selection;
  TauStageConfig time_constants;
  bool cosimulate = true;  ///< Emit and co-simulate the first fit of the first seed.
  CosimConfig cosim;

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("kind", c.kind, one_of({"compact"}));
    visit("study", c.study);
    visit("model", c.model);
    visit("seeds", c.seeds, at_least(0));
    visit("fits", c.fits, between(1, 100));
    visit("data", c.data);
    visit("fit", c.fit);
    visit("selection", c.selection);
    visit("time_constants", c.time_constants);
    visit("cosimulate", c.cosimulate);
    visit("cosim", c.cosim);
  }
};

}  // namespace psi_xlstm
