#pragma once

#include <array>
#include <string>

#include "core/json/config_io.hpp"

namespace psi_xlstm {

/// What can be wrong with the records of a device, or with the device for this kind of model.
enum class FindingKind {
  kOffset,
  kClipping,
  kSkew,
  kSampling,
  kNoise,
  kActive,
  kCharge,
  kReversed,
  kMixed,
  kOneVoltage,
  kFewPeriods
};

constexpr auto enum_names(FindingKind) {
  return std::array{EnumName{FindingKind::kOffset, "current offset"},
                    EnumName{FindingKind::kClipping, "clipped samples"},
                    EnumName{FindingKind::kSkew, "channel skew"},
                    EnumName{FindingKind::kSampling, "few samples per period"},
                    EnumName{FindingKind::kNoise, "noise"},
                    EnumName{FindingKind::kActive, "active device"},
                    EnumName{FindingKind::kCharge, "stored charge"},
                    EnumName{FindingKind::kReversed, "reversed current"},
                    EnumName{FindingKind::kMixed, "mixed devices"},
                    EnumName{FindingKind::kOneVoltage, "one voltage only"},
                    EnumName{FindingKind::kFewPeriods, "few periods"}};
}

/// How much a finding matters.
enum class FindingSeverity {
  kRemark,   ///< Worth knowing.
  kWarning,  ///< A model of these records may be wrong.
  kRefusal   ///< No model of these records is called good.
};

constexpr auto enum_names(FindingSeverity) {
  return std::array{EnumName{FindingSeverity::kRemark, "remark"},
                    EnumName{FindingSeverity::kWarning, "warning"},
                    EnumName{FindingSeverity::kRefusal, "refusal"}};
}

/// One thing that was found in records, with its number.
struct Finding {
  FindingKind kind = FindingKind::kOffset;
  FindingSeverity severity = FindingSeverity::kRemark;
  std::string record;  ///< Id of the record it is worst in; empty: all of them together.
  double value = 0;
  std::string unit;      ///< Of `value`.
  std::string sentence;  ///< One sentence with the number and what to do.

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("kind", c.kind);
    visit("severity", c.severity);
    visit("record", c.record);
    visit("value", c.value);
    visit("unit", c.unit);
    visit("sentence", c.sentence);
  }
};

}  // namespace psi_xlstm
