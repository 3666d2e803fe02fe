#pragma once

#include <string>

#include "common/control/operator_store.hpp"

namespace lethe::cli {

/// Why a live task runs or does not, in one sentence without a full stop. Pure.
[[nodiscard]] std::string why_sentence(const TaskSituation& situation);

/// The same for a task that has ended (state done, cancelled or dead).
[[nodiscard]] std::string ended_sentence(const TaskRow& task);

}  // namespace lethe::cli
