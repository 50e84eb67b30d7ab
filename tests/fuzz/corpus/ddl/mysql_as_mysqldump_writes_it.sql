/*!40101 SET NAMES utf8 */;
DROP TABLE IF EXISTS `order lines`;
CREATE TABLE `order lines` (
  `order_id` int unsigned NOT NULL AUTO_INCREMENT,
  `no` smallint(5) unsigned NOT NULL DEFAULT '0',
  `state` enum('open','it\'s done') CHARACTER SET utf8mb4 DEFAULT NULL COMMENT 'where it stands',
  `paid` tinyint(1) NOT NULL,
  `price` decimal(10,2) DEFAULT NULL,
  `key` varchar(10) DEFAULT NULL,
  `made` datetime(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
  PRIMARY KEY (`order_id`,`no`),
  UNIQUE KEY `u` (`price`,`paid`),
  KEY `k` (`state`(10)),
  CONSTRAINT `c` FOREIGN KEY (`order_id`, `no`) REFERENCES `elsewhere` (`a`, `b`) ON DELETE CASCADE
) ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=utf8mb4 COMMENT='What was ordered';
