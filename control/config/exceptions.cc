// SPDX-License-Identifier: Apache-2.0
#include "control/config/exceptions.h"

#include <array>
#include <string>

namespace sluice::control {

namespace {

constexpr std::array kPolicies = {ExceptionPolicy::kPass, ExceptionPolicy::kDrop,
                                  ExceptionPolicy::kBypass};

Error bad(std::string message, std::string hint) {
    return {ErrorCode::kInvalid, std::move(message), {}, std::move(hint)};
}

}  // namespace

std::string_view policy_name(ExceptionPolicy policy) {
    switch (policy) {
        case ExceptionPolicy::kPass:
            return "pass";
        case ExceptionPolicy::kDrop:
            return "drop";
        case ExceptionPolicy::kBypass:
            return "bypass";
    }
    return "pass";
}

std::string cause_names() {
    std::string list;
    for (const packet::ExceptionInfo& info : packet::kExceptions) {
        list += (list.empty() ? "" : ", ") + std::string(info.name);
    }
    return list;
}

ExceptionPolicy policy_for(const Config& config, const Segment* segment,
                           packet::ExceptionCause cause) {
    const auto i = static_cast<std::size_t>(cause);
    if (segment != nullptr && segment->exception[i]) {
        return *segment->exception[i];
    }
    return config.exception[i].value_or(config.dataplane.exception_policy);
}

Status set_exception(std::string_view text, ExceptionTable& table) {
    const std::size_t equals = text.find('=');
    const std::string_view cause = text.substr(0, equals);
    const std::string_view policy =
        equals == std::string_view::npos ? std::string_view() : text.substr(equals + 1);
    for (std::size_t i = 0; i < packet::kExceptionCount; ++i) {
        const packet::ExceptionInfo& info = packet::kExceptions[i];
        if (info.name != cause) {
            continue;
        }
        for (const ExceptionPolicy p : kPolicies) {
            if (policy_name(p) == policy && (p != ExceptionPolicy::kBypass || info.may_bypass)) {
                table[i] = p;
                return ok_status();
            }
        }
        return bad("exception '" + std::string(text) + "': the policy of " + std::string(cause) +
                       " must be " + (info.may_bypass ? "pass, drop or bypass" : "pass or drop"),
                   "write " + std::string(cause) + "=drop");
    }
    return bad("exception '" + std::string(text) + "': no such cause",
               "write CAUSE=POLICY; causes: " + cause_names());
}

}  // namespace sluice::control
