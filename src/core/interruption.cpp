#include "core/interruption.hpp"

namespace psi_xlstm {
namespace {

thread_local const Interruption* current_interruption = nullptr;

}  // namespace

InterruptionScope::InterruptionScope(const Interruption* interruption)
    : before_(current_interruption) {
  current_interruption = interruption;
}

InterruptionScope::~InterruptionScope() { current_interruption = before_; }

const Interruption* interruption_of_this_thread() { return current_interruption; }

bool interruption_asked() {
  return current_interruption != nullptr && current_interruption->asked();
}

void check_interruption() {
  if (interruption_asked()) throw Interrupted();
}

}  // namespace psi_xlstm
