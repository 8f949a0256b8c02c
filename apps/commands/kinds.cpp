// The kinds of studies that psi knows: a new one is one line here.

#include "command.hpp"
#include "studies/compact/study.hpp"
#include "studies/networks/study.hpp"
#include "studies/time_constants/study.hpp"

namespace psi_xlstm::apps {

std::vector<StudyKind> study_kinds() {
  return {compact_kind(), networks_kind(), time_constants_kind()};
}

}  // namespace psi_xlstm::apps
