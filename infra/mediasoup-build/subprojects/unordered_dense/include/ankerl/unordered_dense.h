#ifndef MAYDAN_UNORDERED_DENSE_H
#define MAYDAN_UNORDERED_DENSE_H

/* The part of ankerl::unordered_dense that the mediasoup worker uses, over the standard containers. */

#include <functional>
#include <memory>
#include <unordered_map>
#include <unordered_set>

namespace ankerl::unordered_dense
{
	template<class T>
	struct hash : std::hash<T>
	{
	};

	template<class K, class V, class H = std::hash<K>, class E = std::equal_to<K>>
	using map = std::unordered_map<K, V, H, E>;

	template<class K, class H = std::hash<K>, class E = std::equal_to<K>>
	using set = std::unordered_set<K, H, E>;
} // namespace ankerl::unordered_dense

#endif
