#include "tests/bench/scenarios.hpp"

namespace lethe::bench {

Json list_features(const Options&) {
  constexpr const char* fence = "late workers cannot end others' tasks";
  constexpr const char* caps = "caps per tenant and per target";
  constexpr const char* fair = "fair between tenants";
  constexpr const char* history = "keeps what ended";
  constexpr const char* dead = "tasks of a dead worker";
  constexpr const char* retry = "a repeated settlement is recognised";
  return {{"systems",
           {{"lethe",
             {{fence, "yes: epoch and worker"},
              {caps, "yes: exact, at admission"},
              {fair, "yes: by weight and cost"},
              {history, "yes: in daily partitions"},
              {dead, "by heartbeat, and by deadline"},
              {retry, "yes"}}},
            {"pgmq",
             {{fence, "no: by message id alone"},
              {caps, "no"},
              {fair, "no"},
              {history, "not with delete, only with archive"},
              {dead, "by visibility timeout alone"},
              {retry, "no"}}},
            {"graphile-worker",
             {{fence, "no: by job id alone"},
              {caps, "one at a time within a named queue"},
              {fair, "no"},
              {history, "no: deletes"},
              {dead, "after four hours"},
              {retry, "no"}}},
            {"pg-boss",
             {{fence, "on request, not in what is measured here"},
              {caps, "per group of a queue, not in what is measured here"},
              {fair, "no"},
              {history, "yes: in its table of jobs, deleted later"},
              {dead, "by the job's expiry, or by a heartbeat per job"},
              {retry, "no"}}}}}};
}

}  // namespace lethe::bench
