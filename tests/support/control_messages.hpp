#pragma once

#include <vector>

#include "proto/control_messages.hpp"

namespace lethe::test {

/// One of each message, as it may be sent.
inline std::vector<wire::Envelope> sample_envelopes() {
  using namespace wire;
  const TaskProgress task{.task = "01JD3M3XQ7W3G5V9B1K2N4P6R8",
                          .run = "01JD3M3XQ7W3G5V9B1K2N4P6R9",
                          .policy = "t-90d",
                          .target = "app",
                          .epoch = 3,
                          .outcome = "again",
                          .batches = 7,
                          .rows = 70'000,
                          .batch_rows = 10'000,
                          .took_ms = 240};
  const std::vector<Message> messages{
      Beat{.worker = 17,
           .instance = "host:42",
           .version = "0.1.0",
           .phase = "running",
           .slots = 4,
           .busy = 1,
           .targets = {"app"},
           .progress = {task},
           .lanes = {"urgent", "normal"}},
      Ready{.target = "app", .tasks = 3, .lane = "urgent"},
      BeatAck{.beat = 5},
      Wake{.tasks = 3},
      Look{.why = "worker.quiet"},
      Command{.verb = "task.cancel", .object = "01JD3M3XQ7W3G5V9B1K2N4P6R8"},
      Answer{.ok = true, .code = "done", .detail = "the worker takes nothing new"},
      WorkerEvent{.worker = 17,
                  .instance = "host:42",
                  .version = "0.1.0",
                  .phase = "running",
                  .slots = 4,
                  .busy = 1},
      ProgressEvent{.worker = 17, .task = task},
      ReadyEvent{.target = "app", .tasks = 3},
      CommandEvent{.verb = "worker.quiet", .object = "17", .actor = "key:ana", .code = "done"}};
  std::vector<Envelope> envelopes;
  for (const Message& message : messages)
    envelopes.push_back({.id = "c-1",
                         .re = "",
                         .sequence = envelopes.size() + 1,
                         .at_ms = 1'764'000'000'000,
                         .message = message});
  return envelopes;
}

}  // namespace lethe::test
