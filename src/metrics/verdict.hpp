#pragma once

#include <string>

namespace psi_xlstm {

/// What a check came to. One that could not be made is neither passed nor failed.
enum class Verdict { kPassed, kFailed, kNotVerified };

/// A verdict with its reason.
struct Judgement {
  Verdict verdict = Verdict::kNotVerified;
  std::string reason;  ///< One sentence; empty where it passed.

  bool passed() const { return verdict == Verdict::kPassed; }
};

/// "passed", "FAILED" or "not verified", for tables.
inline std::string verdict_text(Verdict verdict) {
  if (verdict == Verdict::kPassed) return "passed";
  return verdict == Verdict::kFailed ? "FAILED" : "not verified";
}

/// The reason of a verdict that is not "passed", as it is told: one sentence that says which it is.
inline std::string verdict_sentence(const Judgement& judgement) {
  return judgement.verdict == Verdict::kNotVerified ? "not verified: " + judgement.reason
                                                    : judgement.reason;
}

}  // namespace psi_xlstm
