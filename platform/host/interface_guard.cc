// SPDX-License-Identifier: Apache-2.0
#include "platform/host/interface_guard.h"

#include "dataplane/base/cursor.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sluice::platform {
namespace {

constexpr std::size_t kAnswerBytes = 32 * 1024;
constexpr std::uint16_t kTypeMask = 0x3fff;  // without NLA_F_NESTED and NLA_F_NET_BYTEORDER

class Fd {
  public:
    explicit Fd(int fd) : fd_(fd) {}

    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;

    ~Fd() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }

    int get() const { return fd_; }

  private:
    int fd_;
};

Error io_error(const std::string& what, const std::string& name, int code) {
    return Error{ErrorCode::kIo,
                 what + " " + name + ": " + std::strerror(code),
                 {},
                 "needs CAP_NET_ADMIN in this network namespace"};
}

template <typename T>
void append(std::vector<std::uint8_t>& out, const T& value) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(&value);
    out.insert(out.end(), bytes, bytes + sizeof(T));
}

std::vector<std::uint8_t> link_request(std::uint16_t type, std::uint16_t flags, int index) {
    std::vector<std::uint8_t> out;
    nlmsghdr header{};
    header.nlmsg_type = type;
    header.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
    header.nlmsg_seq = 1;
    append(out, header);
    ifinfomsg link{};
    link.ifi_index = index;
    append(out, link);
    return out;
}

// Sends one message and takes the one that answers it. Empty: the socket failed (errno says why).
std::vector<std::uint8_t> exchange(std::vector<std::uint8_t> request) {
    const auto size = static_cast<std::uint32_t>(request.size());
    std::memcpy(request.data(), &size, sizeof(size));
    const Fd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    std::vector<std::uint8_t> answer(kAnswerBytes);
    if (fd.get() < 0 || ::send(fd.get(), request.data(), request.size(), 0) < 0) {
        return {};
    }
    const ssize_t n = ::recv(fd.get(), answer.data(), answer.size(), 0);
    answer.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return answer;
}

// The payload of attribute 'type' in a run of attributes (struct nlattr: length, type, payload,
// padded to 4).
Bytes find_attribute(Bytes attributes, std::uint16_t type) {
    Cursor in(attributes);
    while (in.remaining() >= 4) {
        const std::size_t length = in.le16();
        const std::uint16_t kind = in.le16() & kTypeMask;
        const Bytes payload = in.take(length >= 4 ? length - 4 : in.remaining() + 1);
        if (!in.ok()) {
            return {};
        }
        if (kind == type) {
            return payload;
        }
        in.skip(std::min<std::size_t>((4 - length % 4) % 4, in.remaining()));
    }
    return {};
}

// RTM_SETLINK with IFLA_XDP { IFLA_XDP_FD = -1 }: the same as `ip link set NAME xdp off`.
Status detach_xdp(const std::string& name, int index) {
    std::vector<std::uint8_t> request = link_request(RTM_SETLINK, NLM_F_ACK, index);
    constexpr std::uint16_t kFdAttribute = 4 + 4;
    append(request, static_cast<std::uint16_t>(4 + kFdAttribute));
    append(request, static_cast<std::uint16_t>(IFLA_XDP | NLA_F_NESTED));
    append(request, kFdAttribute);
    append(request, static_cast<std::uint16_t>(IFLA_XDP_FD));
    append(request, std::int32_t{-1});
    const std::vector<std::uint8_t> answer = exchange(std::move(request));
    Cursor in(answer);
    in.skip(4);
    const std::uint16_t type = in.le16();
    in.skip(10);
    const auto code = static_cast<std::int32_t>(in.le32());
    if (!in.ok() || type != NLMSG_ERROR || code != 0) {
        return io_error("cannot detach the XDP program from", name, in.ok() ? -code : errno);
    }
    return ok_status();
}

Status clear_promiscuous(const std::string& name) {
    const Fd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{};
    std::strncpy(request.ifr_name, name.c_str(), sizeof(request.ifr_name) - 1);
    if (fd.get() < 0 || ::ioctl(fd.get(), SIOCGIFFLAGS, &request) != 0) {
        return io_error("cannot read the flags of", name, errno);
    }
    request.ifr_flags = static_cast<short>(request.ifr_flags & ~IFF_PROMISC);
    if (::ioctl(fd.get(), SIOCSIFFLAGS, &request) != 0) {
        return io_error("cannot end promiscuous mode of", name, errno);
    }
    return ok_status();
}

}  // namespace

Result<InterfaceState> read_interface(const std::string& name) {
    InterfaceState state;
    state.index = static_cast<int>(::if_nametoindex(name.c_str()));
    if (state.index == 0) {
        return Error{ErrorCode::kNotFound,
                     "there is no interface '" + name + "'",
                     {},
                     "see `ip link` in the same network namespace, and correct [[segment]] ports"};
    }
    const std::vector<std::uint8_t> answer = exchange(link_request(RTM_GETLINK, 0, state.index));
    Cursor in(answer);
    in.skip(4);
    const std::uint16_t type = in.le16();
    in.skip(10 + 8);  // rest of nlmsghdr; family, device type and index of ifinfomsg
    const std::uint32_t flags = in.le32();
    in.skip(4);
    if (!in.ok() || type != RTM_NEWLINK) {
        return io_error("cannot read interface", name, errno);
    }
    state.promiscuous = (flags & IFF_PROMISC) != 0;
    state.up = (flags & IFF_UP) != 0;
    Cursor id(find_attribute(find_attribute(in.rest(), IFLA_XDP), IFLA_XDP_PROG_ID));
    state.xdp_program = id.le32();
    return state;
}

Status InterfaceGuard::remember(const std::string& name) {
    Result<InterfaceState> state = read_interface(name);
    if (!state) {
        return state.error();
    }
    if (!state.value().up) {
        return Error{ErrorCode::kInvalid,
                     "interface '" + name + "' is down",
                     {},
                     "ip link set " + name + " up"};
    }
    entries_.push_back({name, state.value()});
    return ok_status();
}

Status InterfaceGuard::restore() {
    Status first = ok_status();
    for (const Entry& entry : entries_) {
        Result<InterfaceState> now = read_interface(entry.name);
        if (!now || now.value().index != entry.state.index) {
            continue;  // gone, nothing to put back
        }
        Status xdp = now.value().xdp_program != 0 && entry.state.xdp_program == 0
                         ? detach_xdp(entry.name, entry.state.index)
                         : ok_status();
        Status promiscuous = now.value().promiscuous && !entry.state.promiscuous
                                 ? clear_promiscuous(entry.name)
                                 : ok_status();
        if (first) {
            first = !xdp ? xdp : promiscuous;
        }
    }
    entries_.clear();
    return first;
}

}  // namespace sluice::platform
