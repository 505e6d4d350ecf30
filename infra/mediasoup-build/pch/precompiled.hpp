// What nearly every source of the worker includes, by way of Logger.hpp: above all the classes that flatc makes. That the
// compiler reads it once saves about two fifths of the build. Logger.hpp itself depends on what a source has defined before.
#include "common.hpp"
#include "Channel/ChannelSocket.hpp"
#include "LogLevel.hpp"
#include "RTC/RTP/Packet.hpp"
#include "RTC/RtpDictionaries.hpp"
#include "Settings.hpp"
#include "SharedInterface.hpp"
#include "Utils.hpp"
#include <ankerl/unordered_dense.h>
#include <string>
#include <vector>
