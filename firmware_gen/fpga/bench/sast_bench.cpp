// SPDX-License-Identifier: 0BSD
//
// sast_bench.cpp: runs in, traces out: the Verilated core, driven as sast_bench.v drives it in Icarus.
//
// Both read and write 32-bit little-endian words. Standard input, for every run:
//     kind (0: whole, 1: ends with a pulse of clear, 2: of rst), clocks before that pulse (it comes at once where the answer
//     has come), seed of gaps and back-pressure (0: none), observe, patience (clocks without any progress), words that the
//     trace has of layers, of steps and of answers, answers, then steps; per step: beats, and each beat's tdata
// Standard output, once: "SASTCORE", version (3); and for every whole run its trace:
//     of each step and layer: of each neuron membrane and spike; then SynOps, spikes
//     of each step: CRC, cycles; then the answers; clocks from the first event to the end of the last answer; ev_error;
//     how many steps these are. A recording that ended early has zeros for the others.
// A run that goes wrong ends the program with one line on standard error and exit code 1.
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "Vsast_core.h"
#include "verilated.h"

namespace {

constexpr unsigned kLanes = SAST_P;  // of the build: P and MW of its sast_params.vh
constexpr unsigned kMembraneBits = SAST_MW;
constexpr bool kEarly = SAST_MARGIN != 0; // a recording may end before its last step
constexpr uint32_t kVersion = 3;
constexpr unsigned kLongestPhase = 9;  // gaps and bursts last up to 2^9 clocks
enum Kind : uint32_t { kWhole, kClear, kReset };

[[noreturn]] void Fail(const char* what) {
    std::fprintf(stderr, "sast_bench: %s\n", what);
    std::exit(1);
}

// `width` (up to 32) bits of a port from bit `at` on.
template <typename Port>
uint32_t Bits(const Port& port, unsigned at, unsigned width) {
    return static_cast<uint32_t>((static_cast<uint64_t>(port) >> at) & ((uint64_t{1} << width) - 1));
}
template <std::size_t N>
uint32_t Bits(const VlWide<N>& port, unsigned at, unsigned width) {
    uint64_t pair = port.at(at / 32);
    if (at / 32 + 1 < N) pair |= static_cast<uint64_t>(port.at(at / 32 + 1)) << 32;
    return static_cast<uint32_t>((pair >> (at % 32)) & ((uint64_t{1} << width) - 1));
}

uint32_t SignExtended(uint32_t value) {
    constexpr unsigned kUnused = 32 - kMembraneBits;
    return static_cast<uint32_t>(static_cast<int32_t>(value << kUnused) >> kUnused);
}

// True for a while, then false for a while, and so on; always true with seed 0.
class Gate {
public:
    void Begin(uint32_t seed) { state_ = seed, left_ = 0, open_ = true; }
    bool Open() {
        if (state_ == 0) return true;
        if (left_ == 0) {
            open_ = !open_;
            left_ = 1 + (Draw() & ((1u << Draw() % (kLongestPhase + 1)) - 1));
        }
        --left_;
        return open_;
    }

private:
    uint32_t Draw() {  // Marsaglia's xorshift, 2003
        state_ ^= state_ << 13;
        state_ ^= state_ >> 17;
        return (state_ ^= state_ << 5) >> 8;
    }
    uint32_t state_ = 0, left_ = 0;
    bool open_ = true;
};

// What a sender may not do: take a beat back, or change it, before it was taken.
class Held {
public:
    void Forget() { waiting_ = false; }
    void Check(const char* what, bool valid, bool ready, uint32_t data, bool last) {
        if (waiting_ && !(valid && data == data_ && last == last_)) Fail(what);
        waiting_ = valid && !ready, data_ = data, last_ = last;
    }

private:
    bool waiting_ = false, last_ = false;
    uint32_t data_ = 0;
};

struct Run {
    uint32_t kind, clocks, seed, observe, patience, layer_words, step_words, result_words, answers;
    std::vector<uint64_t> beats;  // tlast in bit 32, tdata below it
};

bool Read(uint32_t* word) {
    uint8_t b[4];
    if (std::fread(b, 1, sizeof b, stdin) != sizeof b) return false;
    *word = b[0] | static_cast<uint32_t>(b[1]) << 8 | static_cast<uint32_t>(b[2]) << 16 | static_cast<uint32_t>(b[3]) << 24;
    return true;
}

uint32_t MustRead() {
    uint32_t word;
    if (!Read(&word)) Fail("the input ends inside a run");
    return word;
}

bool ReadRun(Run* run) {
    if (!Read(&run->kind)) return false;
    for (uint32_t* field : {&run->clocks, &run->seed, &run->observe, &run->patience, &run->layer_words, &run->step_words,
                            &run->result_words, &run->answers})
        *field = MustRead();
    run->beats.clear();
    for (uint32_t steps = MustRead(); steps > 0; --steps)
        for (uint32_t beats = MustRead(); beats > 0; --beats)
            run->beats.push_back(MustRead() | static_cast<uint64_t>(beats == 1) << 32);
    return true;
}

class Bench {
public:
    Bench() {
        for (int i = 0; i < 3; ++i) {
            core_.model[i] = core_.fill[i] = 0; // the model in the files
        }
        core_.rst = 1;
        for (int i = 0; i < 2; ++i) Edge();
        core_.rst = 0;
    }

    // The trace of a whole run; nothing of another.
    const std::vector<uint32_t>& Do(const Run& run) {
        Begin(run);
        for (uint64_t clock = 0; !Ended(run); ++clock) {
            const bool pulse = run.kind != kWhole && (clock >= run.clocks || (kEarly ? Over(run) : result_ended_));
            core_.clear = pulse && run.kind == kClear;
            core_.rst = pulse && run.kind == kReset;
            Drive(run);
            core_.clk = 0;
            core_.eval();
            Look(run);
            core_.clk = 1;
            core_.eval();
            if (pulse) return Abandon();
            if (idle_++ > run.patience) Fail("the core stands still");
        }
        return Trace(run);
    }

private:
    void Edge() {
        core_.clk = 0;
        core_.eval();
        core_.clk = 1;
        core_.eval();
    }

    void Begin(const Run& run) {
        next_ = 0, idle_ = 0, clocks_ = 0;
        begun_ = result_ended_ = sending_ = false;
        core_.observe = run.observe & 1;
        uint32_t seed = run.seed;
        for (Gate* gate : {&events_, &steps_, &results_}) gate->Begin(seed), seed = seed * 2654435761u;
        layers_.clear(), step_.clear(), result_.clear();
    }

    bool Ended(const Run& run) const {
        return run.kind == kWhole && (kEarly ? Over(run) : result_ended_ && step_.size() >= run.step_words);
    }

    // The record of the last step is there before the answer ends: if it does not wait it was taken.
    bool Over(const Run& run) const { return result_ended_ && !core_.st_tvalid && next_ == run.beats.size(); }

    void Drive(const Run& run) {
        const bool open = events_.Open();
        sending_ |= open && next_ < run.beats.size();
        core_.ev_tvalid = sending_;
        if (sending_) {
            core_.ev_tdata = static_cast<uint32_t>(run.beats[next_]);
            core_.ev_tlast = run.beats[next_] >> 32 & 1;
        }
        core_.st_tready = steps_.Open();
        core_.res_tready = results_.Open();
    }

    // What the clock's edge will take.
    void Look(const Run& run) {
        begun_ |= core_.ev_tvalid && core_.ready;
        clocks_ += begun_ && !result_ended_;
        if (kEarly && result_ended_ && (core_.obs_valid || core_.obs_end)) Fail("the layers show neurons after the answer");
        LookAtStreams(run);
        if (core_.obs_valid) Neurons();
        if (core_.obs_end) layers_.push_back(core_.obs_synops), layers_.push_back(core_.obs_spikes), idle_ = 0;
        if (layers_.size() > run.layer_words) Fail("the layers show more neurons than the model has");
        if (core_.ev_tvalid && core_.ev_tready) {
            idle_ = 0;
            sending_ = false;
            ++next_;
        }
    }

    void LookAtStreams(const Run& run) {
        held_step_.Check("st_tdata changed before it was taken", core_.st_tvalid, core_.st_tready, core_.st_tdata,
                         core_.st_tlast);
        held_result_.Check("res_tdata changed before it was taken", core_.res_tvalid, core_.res_tready, core_.res_tdata,
                           core_.res_tlast);
        if (core_.st_tvalid && core_.st_tready) {
            step_.push_back(core_.st_tdata);
            if (core_.st_tlast != (step_.size() % 2 == 0)) Fail("st_tlast does not end every second beat");
            if (step_.size() > run.step_words) Fail("more steps end than the recording has");
            idle_ = 0;
        }
        if (core_.res_tvalid && core_.res_tready) {
            result_.push_back(core_.res_tdata);
            if (result_.size() > run.result_words) Fail("more answers come than the recording has");
            if (core_.res_tlast != (result_.size() % (run.result_words / run.answers) == 0))
                Fail("res_tlast does not end the result");
            result_ended_ = result_.size() == run.result_words;
            idle_ = 0;
        }
    }

    void Neurons() {
        for (unsigned lane = 0; lane < kLanes; ++lane) {
            if (!Bits(core_.obs_lanes, lane, 1)) continue;
            layers_.push_back(SignExtended(Bits(core_.obs_v, lane * kMembraneBits, kMembraneBits)));
            layers_.push_back(Bits(core_.obs_spk, lane, 1));
        }
        idle_ = 0;
    }

    const std::vector<uint32_t>& Abandon() {
        held_step_.Forget(), held_result_.Forget();
        core_.clear = core_.rst = 0;
        trace_.clear();
        return trace_;
    }

    const std::vector<uint32_t>& Trace(const Run& run) {
        const std::size_t steps = step_.size() / 2;
        if (layers_.size() != (kEarly ? run.layer_words / (run.step_words / 2) * steps : run.layer_words)) Fail("the layers show fewer neurons than the model has");
        if (next_ != run.beats.size()) Fail("the result came before the last event");
        layers_.resize(run.layer_words), step_.resize(run.step_words);
        trace_ = layers_;
        trace_.insert(trace_.end(), step_.begin(), step_.end());
        trace_.insert(trace_.end(), result_.begin(), result_.end());
        trace_.push_back(clocks_);
        trace_.push_back(core_.ev_error);
        trace_.push_back(static_cast<uint32_t>(steps));
        return trace_;
    }

    Vsast_core core_;
    Gate events_, steps_, results_;
    Held held_step_, held_result_;
    std::size_t next_ = 0;  // the beat that is sent, or will be
    uint32_t idle_ = 0, clocks_ = 0;
    bool begun_ = false, result_ended_ = false, sending_ = false;
    std::vector<uint32_t> layers_, step_, result_, trace_;
};

}  // namespace

int main() {
    // Verilator's own messages go to standard output: they must not stand between the traces.
    std::FILE* out = fdopen(dup(STDOUT_FILENO), "wb");
    if (out == nullptr || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) Fail("the output cannot be opened");
    Verilated::randReset(2);  // registers without a reset, and memories that nothing fills, begin with anything
    const auto write = [out](const std::vector<uint32_t>& words) {
        std::vector<uint8_t> bytes;
        bytes.reserve(words.size() * 4);
        for (const uint32_t word : words)
            for (unsigned at = 0; at < 32; at += 8) bytes.push_back(static_cast<uint8_t>(word >> at));
        if (std::fwrite(bytes.data(), 1, bytes.size(), out) != bytes.size() || std::fflush(out) != 0)
            Fail("the output cannot be written");
    };
    const auto bench = std::make_unique<Bench>();
    std::fwrite("SASTCORE", 1, 8, out);
    write({kVersion});
    for (Run run; ReadRun(&run);) write(bench->Do(run));
    return 0;
}
