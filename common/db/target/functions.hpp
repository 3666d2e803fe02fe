#pragma once

// Private to common/db.

#include "common/db/target/function_call.hpp"
#include "common/db/transact.hpp"
#include "common/policies/policy.hpp"

namespace lethe::db {

/// Looks up the function of a policy with action `call` and checks that Lethe may and can call it:
/// there is exactly one of its name, it may be called, its code is ours or a superuser's, and its
/// parameters and result have a meaning. Throws UserError (bad_config) "FIELD.action.call: what is
/// wrong; what to do"; `field` is the policy's place.
[[nodiscard]] FunctionFacts look_up_function(Transaction& transaction, const Policy& policy,
                                             const std::string& field);

}  // namespace lethe::db
