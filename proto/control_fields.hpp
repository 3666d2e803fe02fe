#pragma once

// The fields of each message, once, for who writes, reads or shows them: fields(visit, message)
// calls visit(key, field) for each. A key is never renamed, retyped or used again
// (proto/PROTOCOL.md, "Rules of change").

#include "proto/control_messages.hpp"

namespace lethe::wire {

template <class Visit>
void fields(Visit& visit, TaskProgress& m) {
  visit("task", m.task);
  visit("run", m.run);
  visit("policy", m.policy);
  visit("target", m.target);
  visit("epoch", m.epoch);
  visit("outcome", m.outcome);
  visit("batches", m.batches);
  visit("rows", m.rows);
  visit("batch_rows", m.batch_rows);
  visit("took_ms", m.took_ms);
}

template <class Visit>
void fields(Visit& visit, Beat& m) {
  visit("worker", m.worker);
  visit("instance", m.instance);
  visit("version", m.version);
  visit("phase", m.phase);
  visit("slots", m.slots);
  visit("busy", m.busy);
  visit("targets", m.targets);
  visit("progress", m.progress);
  visit("lanes", m.lanes);
}

template <class Visit>
void fields(Visit& visit, Ready& m) {
  visit("target", m.target);
  visit("tasks", m.tasks);
  visit("lane", m.lane);
}

template <class Visit>
void fields(Visit& visit, BeatAck& m) {
  visit("beat", m.beat);
}

template <class Visit>
void fields(Visit& visit, Wake& m) {
  visit("tasks", m.tasks);
}

template <class Visit>
void fields(Visit& visit, Look& m) {
  visit("why", m.why);
}

template <class Visit>
void fields(Visit& visit, Command& m) {
  visit("verb", m.verb);
  visit("object", m.object);
}

template <class Visit>
void fields(Visit& visit, Answer& m) {
  visit("ok", m.ok);
  visit("code", m.code);
  visit("detail", m.detail);
}

template <class Visit>
void fields(Visit& visit, WorkerEvent& m) {
  visit("worker", m.worker);
  visit("instance", m.instance);
  visit("version", m.version);
  visit("phase", m.phase);
  visit("slots", m.slots);
  visit("busy", m.busy);
}

template <class Visit>
void fields(Visit& visit, ProgressEvent& m) {
  visit("worker", m.worker);
  visit("task", m.task);
}

template <class Visit>
void fields(Visit& visit, ReadyEvent& m) {
  visit("target", m.target);
  visit("tasks", m.tasks);
}

template <class Visit>
void fields(Visit& visit, CommandEvent& m) {
  visit("verb", m.verb);
  visit("object", m.object);
  visit("actor", m.actor);
  visit("code", m.code);
}

}  // namespace lethe::wire
