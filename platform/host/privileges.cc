// SPDX-License-Identifier: Apache-2.0
#include "platform/host/privileges.h"

#include <cap-ng.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <pwd.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <vector>

namespace sluice::platform {
namespace {

// Ports are put back as they were at the end (NET_ADMIN), AF_PACKET and AF_XDP send (NET_RAW),
// packet memory stays locked.
constexpr std::array<unsigned, 3> kKept = {CAP_NET_ADMIN, CAP_NET_RAW, CAP_IPC_LOCK};

Error failed(const std::string& what) {
    return Error{ErrorCode::kIo, what, {}, "start as root, or leave [privileges] user out"};
}

}  // namespace

Result<UserIds> find_user(const std::string& name) {
    if (name.empty()) {
        return UserIds{::geteuid(), ::getegid()};
    }
    constexpr std::size_t kBuffer = 16384;
    std::vector<char> buffer(kBuffer);
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 ||
        found == nullptr) {
        return Error{ErrorCode::kNotFound,
                     "there is no user '" + name + "'",
                     {},
                     "create it: useradd --system --no-create-home " + name};
    }
    return UserIds{entry.pw_uid, entry.pw_gid};
}

Status drop_privileges(const UserIds& user) {
    if (capng_get_caps_process() != 0) {
        return failed("cannot read the capabilities of this process");
    }
    std::vector<unsigned> kept;
    for (const unsigned capability : kKept) {
        if (capng_have_capability(CAPNG_PERMITTED, capability) != 0) {
            kept.push_back(capability);
        }
    }
    const bool may_set_bounds = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP) != 0;
    capng_clear(may_set_bounds ? CAPNG_SELECT_BOTH : CAPNG_SELECT_CAPS);
    for (const unsigned capability : kept) {
        (void)capng_update(CAPNG_ADD, static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED),
                           capability);
    }
    if (user.uid != ::geteuid()) {
        constexpr auto kFlags =
            static_cast<capng_flags_t>(CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING);
        if (const int rc =
                capng_change_id(static_cast<int>(user.uid), static_cast<int>(user.gid), kFlags);
            rc != 0) {
            return failed("cannot become user " + std::to_string(user.uid) + " (libcap-ng " +
                          std::to_string(rc) + ")");
        }
    } else if (capng_apply(may_set_bounds ? CAPNG_SELECT_BOTH : CAPNG_SELECT_CAPS) != 0) {
        return failed("cannot give up capabilities");
    }
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return failed(std::string("cannot set no_new_privs: ") + std::strerror(errno));
    }
    return ok_status();
}

}  // namespace sluice::platform
