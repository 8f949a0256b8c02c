#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "config/cosim.hpp"
#include "config/data.hpp"
#include "config/fit.hpp"
#include "config/reading.hpp"
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
  VteamConfig vteam;
  Mem3Config mem3;
  std::vector<std::string> files;
  ReadingConfig reading;
  int sign = 1;
  std::string split;
  bool continuous = false;
  std::string correct;
  std::optional<double> noise;
  std::optional<double> initial_conductance;
  double prefix = 0;

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("source", c.source, about("Files, or a generator of a known device"));
    const bool csv = c.source == DataSource::kCsv;
    visit.only_if(c.source == DataSource::kVteam, "source", "vteam", c.vteam,
                  about("Of source vteam; its seed is the study's"));
    visit.only_if(c.source == DataSource::kMem3, "source", "mem3", c.mem3,
                  about("Of source mem3; its seed is the study's"));
    visit.only_if(csv, "source", "files", c.files,
                  about("Of source csv: paths, absolute or from where psi runs"));
    visit.only_if(csv, "source", "reading", c.reading,
                  about("Of source csv: what the files cannot say themselves"));
    visit.only_if(
        csv, "source", "sign", c.sign,
        between(-1, 1).about("Of source csv: -1 where current was counted out of the device"));
    visit.only_if(
        csv, "source", "split", c.split,
        about("Of source csv: records to train/choose/test, e.g. 1-6/7-8/9-11; empty: 60/20/20 %"));
    visit.only_if(csv, "source", "continuous", c.continuous,
                  about("Of source csv: each record goes on where the last one ended"));
    visit.only_if(csv, "source", "correct", c.correct,
                  one_of({"", "offset", "skew", "offset,skew", "skew,offset"})
                      .about("Of source csv: what to correct in the records; empty: nothing"));
    visit.only_if(csv, "source", "noise", c.noise,
                  positive_up_to(kLargestNoise)
                      .about("Of source csv: as a fraction of the sd of the current"));
    visit("initial_conductance", c.initial_conductance,
          positive_up_to(kLargestConductance).about("Of every record [S]; else estimated"));
    visit("prefix", c.prefix,
          between(0, kLongestTime)
              .about("First seconds of each record that give its g0 [s]; 0: automatic"));
  }
};

/// Which sizes of student are tried; see fit/selection.hpp.
struct SelectionConfig {
  bool enabled = false;
  std::optional<int> states;
  std::optional<int> features;

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("enabled", c.enabled, about("Choose the shape on validation records"));
    visit("states", c.states, between(0, 16).about("Only this number of states"));
    visit("features", c.features, between(1, 64).about("Only this number of features"));
  }
};

/// One run from data to report.
struct StudyConfig {
  std::string kind = "compact";
  std::string study = "quickstart";
  std::string model = "student";
  std::vector<int> seeds = {42};
  int fits = 1;
  DataSourceConfig data;
  FitConfig fit;
  SelectionConfig selection;
  TauStageConfig time_constants;
  bool cosimulate = true;
  CosimConfig cosim;

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("kind", c.kind, one_of({"compact"}).about("A compact model from data to report"));
    visit("study", c.study, about("Name of the study and of its run folder; an identifier"));
    visit("model", c.model, about("Name of the emitted model; an identifier"));
    visit("seeds", c.seeds, at_least(0).about("Of the data; each has its own models"));
    visit("fits", c.fits,
          between(1, 100).about("Fits per seed, with starting points of their own"));
    visit("data", c.data, about("The records"));
    visit("fit", c.fit, about("How the model is fitted"));
    visit("selection", c.selection, about("Which sizes of model are tried"));
    visit("time_constants", c.time_constants, about("Of the device, from all records"));
    visit("cosimulate", c.cosimulate,
          about("Emit and co-simulate the first fit of the first seed"));
    visit("cosim", c.cosim,
          about("How the emitted model is compared with its equations; 0: derived from the data"));
  }
};

}  // namespace psi_xlstm
